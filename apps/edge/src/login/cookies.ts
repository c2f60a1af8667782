import { EncryptJWT, jwtDecrypt, type JWTPayload } from "jose";
import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** What a cookie holds: `login`: the secrets of a login that has begun; `session`: the user who has signed in. */
export type Purpose = "login" | "session";

/** Reads and writes encrypted cookies: browsers keep them, but only edges can read and create them. */
export interface Cookies {
  /** Returns the header `set-cookie` that stores `claims` for this long. */
  set(purpose: Purpose, claims: Readonly<Record<string, string>>, ttlMs: number): Promise<string>;
  /** Returns the header `set-cookie` that removes the cookie. */
  clear(purpose: Purpose): string;
  /** Returns the claims of a request's cookie; undefined if the request has no valid cookie for this purpose. */
  read(purpose: Purpose, request: IncomingMessage): Promise<JWTPayload | undefined>;
}

const MAX_COOKIE = 4096;

/** `secrets` returns the secrets of sessions, the newest first. `isSecure`: browsers reach the page by https. */
export function createCookies(secrets: () => readonly Uint8Array[], isSecure: boolean): Cookies {
  const nameOf = (purpose: Purpose): string => `docrelay-${purpose}`;
  // `SameSite` is `Lax`, because the login's redirect back to this page comes from another site, and the browser must
  // send the cookie with that request.
  const rest = `; Path=/; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  const keyOf = (secret: Uint8Array): Uint8Array =>
    hash("sha256", Buffer.concat([Buffer.from("docrelay cookies\n"), secret]), "buffer");

  return {
    async set(purpose, claims, ttlMs) {
      const [secret] = secrets();
      if (!secret) throw new Error("no secret to seal cookies with");
      const seconds = Math.ceil(ttlMs / 1000);
      const value = await new EncryptJWT({ ...claims })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .setAudience(purpose)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
        .encrypt(keyOf(secret));
      return `${nameOf(purpose)}=${value}; Max-Age=${seconds}${rest}`;
    },
    clear: (purpose) => `${nameOf(purpose)}=; Max-Age=0${rest}`,
    async read(purpose, { headers }) {
      const start = `${nameOf(purpose)}=`;
      const pair = (headers.cookie ?? "").split(";").find((one) => one.trimStart().startsWith(start));
      const value = pair?.trim().slice(start.length);
      if (value === undefined || value.length > MAX_COOKIE) return undefined;
      const only = { audience: purpose, keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };
      for (const secret of secrets()) {
        // If one secret does not decrypt the cookie, the next one is tried: the cookie may have been made with an older
        // secret. If none decrypts it, it counts as missing.
        const opened = await jwtDecrypt(value, keyOf(secret), only).catch(() => undefined);
        if (opened) return opened.payload;
      }
      return undefined;
    },
  };
}
