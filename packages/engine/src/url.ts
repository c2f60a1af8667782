/** How an engine is called: with WebSocket frames, or with one of the APIs of OpenAI-compatible servers. */
export type EngineKind = "websocket" | "chat" | "responses";

const SCHEMES = { websocket: ["ws:", "wss:"], http: ["http:", "https:"] } as const;

/**
 * Returns why the URL of an engine cannot be used, in words that do not repeat it; undefined for a usable one. `over`:
 * only URLs of this protocol are usable.
 */
export function engineUrlProblem(text: string, over?: keyof typeof SCHEMES): string | undefined {
  if (!URL.canParse(text)) return "must be a URL such as ws://engine:7800 or https://engine/v1";
  const url = new URL(text);
  const schemes: readonly string[] = over ? SCHEMES[over] : [...SCHEMES.websocket, ...SCHEMES.http];
  if (!schemes.includes(url.protocol)) return `must begin with ${schemes.map((scheme) => `${scheme}//`).join(" or ")}`;
  if (url.username || url.password) return "must not hold a user name or password";
  if (text.includes("#")) return "must not have a # part";
  return undefined;
}

/**
 * Returns the name of an engine that users see. It has no part of the URL, because a host reveals the network and a
 * path may contain a key.
 */
export function engineName(url: string): string {
  return url.startsWith("wss:") ? "websocket (TLS)" : "websocket";
}

/**
 * Returns the header `Origin` that is sent to the engine: the origin of the engine's own URL, with `http` in place of
 * `ws`. Servers that check the origin accept their own, and some refuse a client that sends none.
 */
export function originOf(url: string): string {
  return new URL(url.replace(/^ws/i, "http")).origin;
}
