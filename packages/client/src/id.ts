/** A fresh id of 128 random bits. Not `crypto.randomUUID`: browsers have it over HTTPS and on localhost only. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
