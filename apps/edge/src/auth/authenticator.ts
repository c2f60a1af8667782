import { refuse, TOKEN_BYTES, type Session } from "@docrelay/protocol";
import { errors, jwtVerify, SignJWT } from "jose";
import { randomBytes } from "node:crypto";

/** Who a token says somebody is, and until when (ms since the epoch). */
export interface Identity {
  readonly user: string;
  readonly expiresAt: number;
}

/** The one seam through which a client becomes a user. Whatever a client says elsewhere selects nothing. */
export interface Authenticator {
  /** @throws Refusal `AUTH_REQUIRED` (no token), `AUTH_INVALID`, `AUTH_EXPIRED`. */
  verify(token: string | undefined): Promise<Identity>;
  /** A session for `user`, or for a new, unguessable one. @throws Refusal `FORBIDDEN` where sessions come from elsewhere. */
  issue(user?: string): Promise<Session>;
}

const ALGORITHM = "HS256";
const ISSUER = "docrelay";
const AUDIENCE = "docrelay";
const CLOCK_SKEW_S = 30;

/**
 * Sessions signed with a secret that all edges share; nothing of them is stored. `secrets` holds the one to sign with
 * first, then older ones that still verify.
 */
export function createAnonymousAuthenticator(of: {
  secrets: () => readonly Uint8Array[];
  ttlMs: number;
  now?: () => number;
}): Authenticator {
  const now = of.now ?? Date.now;
  return {
    async verify(token) {
      if (token === undefined || token === "") throw refuse("AUTH_REQUIRED");
      // Before any cryptography: a token of megabytes costs nothing.
      if (token.length > TOKEN_BYTES || Buffer.byteLength(token) > TOKEN_BYTES) throw refuse("AUTH_INVALID");
      let last: unknown;
      for (const secret of of.secrets()) {
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
      const [secret] = of.secrets();
      if (!secret) throw new Error("no secret to sign sessions with");
      const issuedAt = Math.floor(now() / 1000);
      const expires = Math.ceil(issuedAt + of.ttlMs / 1000); // a token counts in seconds
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: ALGORITHM })
        .setSubject(user)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expires)
        .sign(secret);
      return { token, user, expiresAt: expires * 1000 };
    },
  };
}

async function verifyWith(secret: Uint8Array, token: string, now: number): Promise<Identity> {
  const { payload } = await jwtVerify(token, secret, {
    algorithms: [ALGORITHM],
    issuer: ISSUER,
    audience: AUDIENCE,
    requiredClaims: ["sub", "exp", "iat"],
    currentDate: new Date(now),
  });
  const { sub, exp, iat } = payload;
  if (
    typeof sub !== "string" ||
    sub === "" ||
    sub.length > 256 ||
    exp === undefined ||
    iat === undefined ||
    iat * 1000 > now + CLOCK_SKEW_S * 1000
  ) {
    throw refuse("AUTH_INVALID");
  }
  return { user: sub, expiresAt: exp * 1000 };
}
