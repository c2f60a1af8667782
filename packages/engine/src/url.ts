/** What is wrong with an engine's URL, in a sentence; undefined when nothing is. The URL itself is not in it. */
export function engineUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "must be a URL such as ws://engine:7800";
  const url = new URL(text);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return "must begin with ws:// or wss://";
  if (url.username || url.password) return "must not hold a user name or password";
  if (url.hash) return "must not have a # part";
  return undefined;
}
