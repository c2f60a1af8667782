/**
 * An origin in its normal form (`https://APP.test:443` is `https://app.test`); undefined for a text that is no web
 * origin: `null`, another scheme, a URL with a path.
 */
export function normalOrigin(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#\\@\s]+$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

/** Whether an origin and a `Host` header name the same host, with default ports ignored. */
function isOwn(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  return normalOrigin(`${new URL(origin).protocol}//${host}`) === origin;
}

/**
 * Whether the origin of a request is allowed: no `Origin` (not a browser), the edge's own (its host equals `Host`), or
 * a listed one. `allowed` holds origins in normal form.
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
