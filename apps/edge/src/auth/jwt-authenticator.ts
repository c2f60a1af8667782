import { refuse } from "@docrelay/protocol";
import type { Authenticator } from "./authenticator.ts";
import { subjectOf, verifyToken, type TokenKey } from "./verify-token.ts";

export interface JwtRules {
  /** The only algorithms that are accepted; they fit the keys. */
  readonly algorithms: readonly string[];
  keysOf(token: string): readonly TokenKey[] | Promise<readonly TokenKey[]>;
  /** The token's `iss` must be one of these; empty: not checked. */
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  /** The claim that names the tenant. */
  readonly tenantClaim: string;
  readonly now?: () => number;
}

/** How far the clock of the login may be ahead of this edge's clock: a token may be used at the moment it is issued. */
const CLOCK_DIFFERENCE_S = 5;
/** The last moment that a date can express. */
const LAST_MS = 8_640_000_000_000_000;

/** Verifies tokens of the operator's own login. This server issues none in this mode. */
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
      if (expiresAt <= at) throw refuse("AUTH_EXPIRED"); // the tolerance is for `nbf` alone
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
 * @throws Refusal `AUTH_INVALID` for a tenant claim that is not a valid name: the user must not pass as a user without
 * a tenant.
 */
function tenantOf(claim: unknown): { tenant?: string } {
  if (claim === undefined) return {};
  if (typeof claim !== "string" || claim === "" || claim.length > MAX_TENANT) throw refuse("AUTH_INVALID");
  return { tenant: claim };
}
