/** What is wrong with an engine's URL, in a sentence; undefined when nothing is. The URL itself is not in it. */
export function engineUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "must be a URL such as ws://engine:7800";
  const url = new URL(text);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return "must begin with ws:// or wss://";
  if (url.username || url.password) return "must not hold a user name or password";
  if (text.includes("#")) return "must not have a # part";
  return undefined;
}

/** What users may be told of an engine. Of its address nothing: a host names a network, a path may hold a key. */
export function engineName(url: string): string {
  return url.startsWith("wss:") ? "websocket (TLS)" : "websocket";
}
