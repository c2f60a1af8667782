/**
 * Returns an origin in its normal form: `https://APP.test:443` becomes `https://app.test`. Returns undefined for a text
 * that is no web origin: `null`, another scheme, or a URL with a path.
 */
export function normalOrigin(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#\\@\s]+$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

/** Whether an origin and a `Host` header name the same host and port; a default port may be left out. */
function isOwn(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  return normalOrigin(`${new URL(origin).protocol}//${host}`) === origin;
}

/** Which pages may use this edge: those of `listed`, which are in normal form, and those of the edge's own origin. */
export interface Origins {
  readonly listed: readonly string[];
  /**
   * Whether only names of this machine count as the edge's own host. If other names counted, a page of any host could
   * use an edge that only this machine reaches, by making its host name resolve to this machine (DNS rebinding).
   */
  readonly onlyLocal: boolean;
}

const LOCAL_NAME = /^(localhost|[\w-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Whether the origin of a request is allowed: no `Origin` (not a browser), the edge's own (its host equals `Host`), or
 * a listed one.
 */
export function originAllowed(
  headers: { readonly origin?: string | undefined; readonly host?: string | undefined },
  { listed, onlyLocal }: Origins,
): boolean {
  if (headers.origin === undefined) return true;
  const origin = normalOrigin(headers.origin);
  if (origin === undefined) return false;
  if (listed.includes(origin)) return true;
  return isOwn(origin, headers.host) && (!onlyLocal || LOCAL_NAME.test(new URL(origin).hostname));
}
