import { refuse, TOKEN_BYTES } from "@docrelay/protocol";
import { errors, jwtVerify, type CryptoKey, type JWTPayload, type JWTVerifyOptions } from "jose";

/** A key that may have signed a token. */
export type TokenKey = Uint8Array | CryptoKey;

/**
 * Returns the claims of a token that one of `keysOf` has signed and that fits `options`. Keys are tried in order.
 * @throws Refusal `AUTH_REQUIRED` (no token), `AUTH_INVALID`, `AUTH_EXPIRED`; errors of `keysOf`.
 */
export async function verifyToken(
  token: string | undefined,
  keysOf: (token: string) => readonly TokenKey[] | Promise<readonly TokenKey[]>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  if (token === undefined || token === "") throw refuse("AUTH_REQUIRED");
  // The length is checked before any parsing or cryptography, so that a token of megabytes costs no CPU time.
  if (token.length > TOKEN_BYTES || Buffer.byteLength(token) > TOKEN_BYTES) throw refuse("AUTH_INVALID");
  let last: unknown;
  for (const key of await keysOf(token)) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      last = error;
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
    }
  }
  throw last instanceof errors.JWTExpired ? refuse("AUTH_EXPIRED") : refuse("AUTH_INVALID");
}

const MAX_SUBJECT = 256;

/**
 * Returns the claim `sub`. @throws Refusal `AUTH_INVALID` unless `sub` is a text of 1 to 256 characters without NUL.
 */
export function subjectOf({ sub }: JWTPayload): string {
  if (typeof sub !== "string" || sub === "" || sub.length > MAX_SUBJECT || sub.includes("\0"))
    throw refuse("AUTH_INVALID");
  return sub;
}
