/** Why an engine's URL is not accepted, in words that do not repeat it; undefined for a valid one. */
export function engineUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "must be a URL such as ws://engine:7800";
  const url = new URL(text);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return "must begin with ws:// or wss://";
  if (url.username || url.password) return "must not hold a user name or password";
  if (text.includes("#")) return "must not have a # part";
  return undefined;
}

/** The name that users see. It holds nothing of the address: a host reveals the network, and a path may hold a key. */
export function engineName(url: string): string {
  return url.startsWith("wss:") ? "websocket (TLS)" : "websocket";
}
