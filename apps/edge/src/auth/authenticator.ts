import { refuse, type Session } from "@docrelay/protocol";
import { SignJWT } from "jose";
import { randomBytes } from "node:crypto";
import { subjectOf, verifyToken } from "./verify-token.ts";

/** The user that a token names, and when the token expires (ms since the epoch). */
export interface Identity {
  readonly user: string;
  readonly expiresAt: number;
  /** The tenant of the user, if the token names one. */
  readonly tenant?: string;
  /** When the token was issued (its `iat`, in seconds since the epoch), if the token has an `iat`. */
  readonly issuedAt?: number;
  /** The token's `jti`, by which operators can revoke this token alone. */
  readonly tokenId?: string;
  /**
   * Set for the token of a link. Then `user` is a made-up user who owns nothing, and the client may only read the
   * conversation that `reads` names.
   */
  readonly reads?: Reads;
}

/** The conversation that a link opens, and the user who owns it. `digest`: the digest of the link's token. */
export interface Reads {
  readonly user: string;
  readonly conversation: string;
  readonly digest: string;
}

/** Finds out which user a client is. Only its token decides that: no other input of a client selects a user. */
export interface Authenticator {
  /**
   * @throws Refusal `AUTH_REQUIRED` (no token), `AUTH_INVALID`, `AUTH_EXPIRED`; `BUSY` while there are no keys to
   * verify the token with.
   */
  verify(token: string | undefined): Promise<Identity>;
  /**
   * Issues a session for `user`; without `user`, for a new user with an unguessable name. @throws Refusal `FORBIDDEN`
   * where users must sign in first, or bring a token of the operator's login system.
   */
  issue(user?: string): Promise<Session>;
}

const ALGORITHM = "HS256";
const ISSUER = "docrelay";
const AUDIENCE = "docrelay";

/**
 * Issues and verifies sessions as tokens signed with a secret that all edges share, so that no session is stored.
 * `secrets` returns the secret that signs, then older secrets, whose tokens are still valid.
 */
export function createAnonymousAuthenticator(options: {
  secrets: () => readonly Uint8Array[];
  ttlMs: number;
  now?: () => number;
}): Authenticator {
  const now = options.now ?? Date.now;
  return {
    async verify(token) {
      const at = now();
      const {
        iat = 0,
        exp = 0,
        ...claims
      } = await verifyToken(token, options.secrets, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ["sub", "exp", "iat"],
        currentDate: new Date(at),
      });
      // The clock of the edge that issued the token may be ahead of this edge's clock, but by no more than
      // `CLOCK_DIFFERENCE_S`.
      if (iat > at / 1000 + CLOCK_DIFFERENCE_S) throw refuse("AUTH_INVALID");
      return { user: subjectOf(claims), expiresAt: exp * 1000, issuedAt: iat };
    },
    async issue(user = `anon-${randomBytes(18).toString("base64url")}`) {
      const [secret] = options.secrets();
      if (!secret) throw new Error("no secret to sign sessions with");
      const issuedAt = Math.floor(now() / 1000);
      const expires = Math.ceil(issuedAt + options.ttlMs / 1000); // the times in a token are in seconds
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: ALGORITHM })
        .setSubject(user)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expires)
        .sign(secret);
      const expiresAt = expires * 1000;
      return { token, user, expiresAt, expiresInMs: remainingMs(expiresAt, now()) };
    },
  };
}

/** Returns how long a token that expires at `expiresAt` is still valid, in whole milliseconds. */
export function remainingMs(expiresAt: number, now: number): number {
  return Math.max(0, Math.floor(expiresAt - now));
}

/** How many seconds the clock of the edge that issued a token may be ahead of this edge's clock. */
const CLOCK_DIFFERENCE_S = 2700;
