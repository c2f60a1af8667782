/** The address of docrelay. Everything is served under `base`, which has no slash at its end. */
export interface Address {
  readonly base: string;
  readonly origin: string;
  /** The path of the Socket.IO endpoint. */
  readonly socketPath: string;
}

/**
 * Parses the url that the application has given: an origin, or an origin with the path under which a proxy serves
 * docrelay.
 * @throws TypeError when it is not an absolute url with http: or https:
 */
export function addressOf(url: string): Address {
  const parsed = URL.canParse(url) ? new URL(url) : undefined; // Node 20 has no URL.parse
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(
      `The url of docrelay must begin with https:// or http://, which ${JSON.stringify(url)} does not.`,
    );
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new TypeError(
      "The url of docrelay must not have a user name or password: browsers refuse to call such a url.",
    );
  }
  const path = parsed.pathname.replace(/\/+$/, "");
  return { base: parsed.origin + path, origin: parsed.origin, socketPath: `${path}/socket.io/` };
}
