/** The protocol of an engine: WebSocket frames, or one of the APIs of OpenAI-compatible servers. */
export type EngineKind = "websocket" | "chat" | "responses";

const SCHEMES = { websocket: ["ws:", "wss:"], http: ["http:", "https:"] } as const;

/**
 * Why an engine's URL is not accepted, in words that do not repeat it; undefined for a valid URL. Any kind of engine is
 * accepted, or only the engines that use the protocol `over`.
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
 * The engine's name for users. It contains no part of the URL, because a host reveals the network and a path may
 * contain a key.
 */
export function engineName(url: string): string {
  return url.startsWith("wss:") ? "websocket (TLS)" : "websocket";
}

/**
 * The engine's own origin; for a WebSocket, the origin of the HTTP server behind it. Servers that check the origin
 * accept this one, and some refuse a client without an origin.
 */
export function originOf(url: string): string {
  return new URL(url.replace(/^ws/i, "http")).origin;
}
