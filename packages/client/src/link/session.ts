import type { WireError } from "@docrelay/protocol";
import { readError, readSession } from "../wire/payloads.ts";
import { attempt, object } from "../wire/read.ts";
import { RelayError, unreachable } from "../wire/relay-error.ts";
import { readJson, writeJson, type Storage } from "../storage.ts";

/** Gives the tokens that authenticate a connection. */
export interface TokenSource {
  /** A token that is valid for another minute or more. @throws RelayError */
  token(): Promise<string>;
  /** The newest token was refused or expires soon: the next call gives another. `refused` also forgets the user. */
  renew(why: "refused" | "expiring"): void;
}

const EARLY_MS = 60_000;
const FETCH_MS = 10_000;
const readRefusal = object<{ error: WireError }>({ error: readError });

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
  let session = readJson(storage, key, readSession);
  let renewing = false;
  let refused: string | undefined;
  let fetching: Promise<string> | undefined;

  /** Takes a session that another tab has stored meanwhile: all tabs of a browser are one user. */
  function adopt(): boolean {
    const stored = readJson(storage, key, readSession);
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
    const taken = response.ok ? attempt(readSession, body) : undefined;
    if (!taken) {
      const refusal = attempt(readRefusal, body);
      throw refusal ? new RelayError(refusal.error) : unreachable();
    }
    session = taken;
    renewing = false;
    writeJson(storage, key, session);
    return session.token;
  }

  function forget(): void {
    refused = session?.token;
    session = undefined;
    if (readJson(storage, key, readSession)?.token === refused) storage.removeItem(key);
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
