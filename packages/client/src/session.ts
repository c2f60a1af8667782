import { sessionSchema, type Session } from "@docrelay/protocol";
import * as z from "zod/mini";
import { RelayError, unreachable } from "./relay-error.ts";
import { readJson, writeJson, type Storage } from "./storage.ts";

/** Where tokens come from. */
export interface TokenSource {
  /** A token that is good for a while yet. @throws RelayError */
  token(): Promise<string>;
  /** The last one was refused, or runs out: the next call gets another. `refused` forgets the user with it. */
  renew(why: "refused" | "expiring"): void;
}

const EARLY_MS = 60_000;
const FETCH_MS = 10_000;

/** The application's own tokens. */
export function givenTokens(token: string | (() => Promise<string>)): TokenSource {
  return { token: async () => (typeof token === "string" ? token : token()), renew: () => undefined };
}

/** Anonymous sessions by `POST /v1/session`, kept in a storage so that a reload is the same user. */
export function anonymousTokens(
  url: string,
  storage: Storage,
  request: typeof fetch,
  now: () => number = Date.now,
): TokenSource {
  const key = `docrelay:session:${url}`;
  const isSession = (value: unknown): value is Session => z.safeParse(sessionSchema, value).success;
  let session = readJson(storage, key, isSession);
  let renewing = false;
  let fetching: Promise<string> | undefined;

  async function take(): Promise<string> {
    const headers: Record<string, string> = session ? { authorization: `Bearer ${session.token}` } : {};
    const signal = AbortSignal.timeout(FETCH_MS);
    const response = await request(new URL("/v1/session", url), { method: "POST", headers, signal }).catch(
      (cause: unknown) => {
        throw unreachable(cause);
      },
    );
    if (response.status === 401 && session) {
      session = undefined;
      storage.removeItem(key);
      return take();
    }
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok || !isSession(body)) {
      const error = (body as { error?: RelayError["wire"] } | undefined)?.error;
      throw error ? new RelayError(error) : unreachable();
    }
    session = body;
    renewing = false;
    writeJson(storage, key, session);
    return session.token;
  }

  return {
    async token() {
      if (session && !renewing && session.expiresAt - now() > EARLY_MS) return session.token;
      return (fetching ??= take().finally(() => (fetching = undefined)));
    },
    renew(why) {
      renewing = true;
      if (why !== "refused") return;
      session = undefined;
      storage.removeItem(key);
    },
  };
}
