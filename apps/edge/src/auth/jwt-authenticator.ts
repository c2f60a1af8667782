import { refuse } from "@docrelay/protocol";
import type { Authenticator } from "./authenticator.ts";
import { subjectOf, verifyToken, type TokenKey } from "./verify-token.ts";

export interface JwtRules {
  /** The signature algorithms that are accepted: only those for which `keysOf` returns keys. */
  readonly algorithms: readonly string[];
  /** Returns the keys that may have signed the token. */
  keysOf(token: string): readonly TokenKey[] | Promise<readonly TokenKey[]>;
  /** The token's `iss` must be one of these; if there are none, `iss` is not checked. */
  readonly issuers: readonly string[];
  /** The token's `aud` must contain one of these; if there are none, `aud` is not checked. */
  readonly audiences: readonly string[];
  /** The name of the claim that holds the user's tenant. */
  readonly tenantClaim: string;
  readonly now?: () => number;
}

/**
 * How many seconds the clock of the operator's login system may be ahead of this edge's clock, so that a token can be
 * used as soon as it is issued.
 */
const CLOCK_DIFFERENCE_S = 5;
/** The last moment that a `Date` can express, in ms. */
const LAST_MS = 8_640_000_000_000_000;

/**
 * Verifies tokens of the operator's own login system (`AUTH_MODE=jwt`). In this mode the server itself issues no
 * tokens.
 */
export function createJwtAuthenticator(rules: JwtRules): Authenticator {
  const { algorithms, issuers, audiences, tenantClaim, now = Date.now } = rules;
  const options = {
    algorithms: [...algorithms],
    ...(issuers.length > 0 ? { issuer: [...issuers] } : {}),
    ...(audiences.length > 0 ? { audience: [...audiences] } : {}),
    requiredClaims: ["sub", "exp"],
    clockTolerance: CLOCK_DIFFERENCE_S,
  };
  return {
    async verify(token) {
      const at = now();
      const claims = await verifyToken(token, rules.keysOf, { ...options, currentDate: new Date(at) });
      const expiresAt = Math.min(Math.floor((claims.exp ?? 0) * 1000), LAST_MS);
      // `clockTolerance` is meant for `nbf` alone, so `exp` is checked here without it.
      if (expiresAt <= at) throw refuse("AUTH_EXPIRED");
      const { iat: issuedAt, jti: tokenId } = claims;
      return {
        user: subjectOf(claims),
        expiresAt,
        ...tenantOf(claims[tenantClaim]),
        ...(typeof issuedAt === "number" ? { issuedAt } : {}),
        ...(typeof tokenId === "string" ? { tokenId } : {}),
      };
    },
    async issue() {
      throw refuse("FORBIDDEN", { message: "Sessions are issued by the login of this site." });
    },
  };
}

const MAX_TENANT = 256;

/**
 * Reads the tenant from a token's claim. @throws Refusal `AUTH_INVALID` for a claim that is not a valid name: the user
 * must not pass as a user without a tenant, whom the tenant's limits do not bind.
 */
function tenantOf(claim: unknown): { tenant?: string } {
  if (claim === undefined) return {};
  if (typeof claim !== "string" || claim === "" || claim.length > MAX_TENANT) throw refuse("AUTH_INVALID");
  return { tenant: claim };
}
