import { sessionSchema, wireErrorSchema, type Session } from "@docrelay/protocol";
import * as z from "zod/mini";
import { RelayError, unreachable } from "./relay-error.ts";
import { readJson, writeJson, type Storage } from "./storage.ts";

/** Gives the tokens that authenticate a connection. */
export interface TokenSource {
  /** A token that is valid for another minute or more. @throws RelayError */
  token(): Promise<string>;
  /** The newest token was refused or expires soon: the next call gives another. `refused` also forgets the user. */
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
  let refused: string | undefined;
  let fetching: Promise<string> | undefined;

  /** Takes a session that another tab has stored meanwhile: all tabs of a browser are one user. */
  function adopt(): boolean {
    const stored = readJson(storage, key, isSession);
    if (!stored || stored.token === session?.token || stored.token === refused) return false;
    if (stored.expiresAt - now() <= EARLY_MS) return false;
    session = stored;
    renewing = false;
    return true;
  }
  async function take(): Promise<string> {
    if (adopt() && session) return session.token;
    const headers: Record<string, string> = session ? { authorization: `Bearer ${session.token}` } : {};
    const signal = AbortSignal.timeout(FETCH_MS);
    const response = await request(new URL("/v1/session", url), { method: "POST", headers, signal }).catch(
      (cause: unknown) => {
        throw unreachable(cause);
      },
    );
    if (response.status === 401 && session) {
      forget();
      return take();
    }
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok || !isSession(body)) {
      const refusal = z.safeParse(z.object({ error: wireErrorSchema }), body);
      throw refusal.success ? new RelayError(refusal.data.error) : unreachable();
    }
    session = body;
    renewing = false;
    writeJson(storage, key, session);
    return session.token;
  }

  function forget(): void {
    refused = session?.token;
    session = undefined;
    if (readJson(storage, key, isSession)?.token === refused) storage.removeItem(key);
  }

  return {
    async token() {
      if (session && !renewing && session.expiresAt - now() > EARLY_MS) return session.token;
      return (fetching ??= take().finally(() => (fetching = undefined)));
    },
    renew(why) {
      renewing = true;
      if (why === "refused") forget();
    },
  };
}
