import { readFile } from "node:fs/promises";
import { inParallel } from "./in-parallel.ts";

const SESSION_MS = 10_000;
const AT_ONCE = 32;

/**
 * Returns a token for each user: from `tokensFile`, which has one on each line, for a deployment in `jwt` mode; else
 * from `POST /v1/session`. If the file has fewer tokens than there are users, several users share one. @throws Error
 * with the HTTP status if a session is refused, or if the file is empty.
 */
export async function takeTokens(of: {
  urls: readonly string[];
  users: number;
  tokensFile?: string | undefined;
  headers?: Readonly<Record<string, string>>;
}): Promise<string[]> {
  if (of.tokensFile !== undefined) {
    const tokens = (await readFile(of.tokensFile, "utf8"))
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    if (tokens.length === 0) throw new Error("the tokens file is empty");
    return Array.from({ length: of.users }, (_, index) => tokens[index % tokens.length] ?? "");
  }
  return inParallel(of.users, AT_ONCE, async (index) => {
    const url = new URL("/v1/session", of.urls[index % of.urls.length]);
    const response = await fetch(url, {
      method: "POST",
      headers: of.headers ?? {},
      signal: AbortSignal.timeout(SESSION_MS),
    });
    if (!response.ok) throw new Error(`POST /v1/session answered ${response.status}; in jwt mode give --tokens`);
    return ((await response.json()) as { token: string }).token;
  });
}
