/**
 * An origin in its one normal form (`https://APP.test:443` is `https://app.test`); undefined for what is no web origin:
 * `null`, other schemes, anything with a path.
 */
export function normalOrigin(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#\\@\s]+$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

/** Tells whether two texts name one host, default ports aside. */
function isOwn(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  return normalOrigin(`${new URL(origin).protocol}//${host}`) === origin;
}

/**
 * Whether a request may come from where it says: no `Origin` (not a browser), the own one (its host equals `Host`), or
 * a listed one. `allowed` holds normal origins.
 */
export function originAllowed(
  headers: { readonly origin?: string | undefined; readonly host?: string | undefined },
  allowed: readonly string[],
): boolean {
  if (headers.origin === undefined) return true;
  const origin = normalOrigin(headers.origin);
  if (origin === undefined) return false;
  return allowed.includes(origin) || isOwn(origin, headers.host);
}
