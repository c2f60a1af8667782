import { refuse, TOKEN_BYTES, type Session } from "@docrelay/protocol";
import { errors, jwtVerify, SignJWT } from "jose";
import { randomBytes } from "node:crypto";

/** The user that a token names, and when the token expires (ms since the epoch). */
export interface Identity {
  readonly user: string;
  readonly expiresAt: number;
}

/** The only place where a client is given a user: no other input of the client selects one. */
export interface Authenticator {
  /** @throws Refusal `AUTH_REQUIRED` (no token), `AUTH_INVALID`, `AUTH_EXPIRED`. */
  verify(token: string | undefined): Promise<Identity>;
  /**
   * A session for `user`, or for a new, unguessable one. @throws Refusal `FORBIDDEN` if sessions are issued elsewhere.
   */
  issue(user?: string): Promise<Session>;
}

const ALGORITHM = "HS256";
const ISSUER = "docrelay";
const AUDIENCE = "docrelay";

/**
 * Sessions signed with a secret that all edges share; no session is stored. `secrets` returns the signing secret first,
 * then older secrets that still verify.
 */
export function createAnonymousAuthenticator(options: {
  secrets: () => readonly Uint8Array[];
  ttlMs: number;
  now?: () => number;
}): Authenticator {
  const now = options.now ?? Date.now;
  return {
    async verify(token) {
      if (token === undefined || token === "") throw refuse("AUTH_REQUIRED");
      // Checked before any cryptography, so that a token of megabytes costs no CPU time.
      if (token.length > TOKEN_BYTES || Buffer.byteLength(token) > TOKEN_BYTES) throw refuse("AUTH_INVALID");
      let last: unknown;
      for (const secret of options.secrets()) {
        try {
          return await verifyWith(secret, token, now());
        } catch (error) {
          last = error;
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
        }
      }
      throw last instanceof errors.JWTExpired ? refuse("AUTH_EXPIRED") : refuse("AUTH_INVALID");
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

/** How long a token that expires at `expiresAt` is still valid, in whole milliseconds. */
export function remainingMs(expiresAt: number, now: number): number {
  return Math.max(0, Math.floor(expiresAt - now));
}

/** How far the clock of the edge that issued a token may be ahead of this one's. */
const CLOCK_DIFFERENCE_S = 2700;

/** A token from the future ends no later because of it; from farther in the future than clocks differ it is no session. */
async function verifyWith(secret: Uint8Array, token: string, now: number): Promise<Identity> {
  const { payload } = await jwtVerify(token, secret, {
    algorithms: [ALGORITHM],
    issuer: ISSUER,
    audience: AUDIENCE,
    requiredClaims: ["sub", "exp", "iat"],
    currentDate: new Date(now),
  });
  const { sub, exp, iat = 0 } = payload;
  if (iat > now / 1000 + CLOCK_DIFFERENCE_S) throw refuse("AUTH_INVALID");
  if (typeof sub !== "string" || sub === "" || sub.length > 256 || exp === undefined) throw refuse("AUTH_INVALID");
  return { user: sub, expiresAt: exp * 1000 };
}
