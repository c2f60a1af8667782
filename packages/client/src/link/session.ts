import { wireError, type Session } from "@docrelay/protocol";
import type { WireError } from "../wire/contract.ts";
import { readError, readSession } from "../wire/payloads.ts";
import { tryRead, number, object, optional, text, type Reader } from "../wire/read.ts";
import { RelayError, unreachable } from "../wire/relay-error.ts";
import { readJson, removeKey, writeJson, type Storage } from "../storage.ts";
import { leftMs, marginMs } from "./lifetime.ts";
import { within } from "./pause.ts";
import { notDocrelay, probe } from "./probe.ts";

/** Provides the tokens that authenticate a connection. */
export interface TokenSource {
  /** The user of the newest token. Undefined before the first token; empty for an anonymous session. */
  readonly user: string | undefined;
  /** Returns a token that is valid for some time. @throws RelayError */
  token(): Promise<string>;
  /**
   * Marks the newest token as refused, or as about to expire. The next call of `token` then returns another one, of the
   * same user if possible.
   */
  renew(): void;
}

/**
 * Two clocks, in ms: `wall` is the time since the epoch, which may jump; `steady` never jumps, and has meaning only in
 * this process.
 */
export interface Clocks {
  wall(): number;
  steady(): number;
}
const CLOCKS: Clocks = { wall: () => Date.now(), steady: () => performance.now() };

const FETCH_MS = 10_000;
/**
 * How many ms the application's function `token` may take. It may first show a login to the user, but a connect must
 * not wait for ever.
 */
const TOKEN_MS = 60_000;
/**
 * A session that should still be valid, and with it its user, is given up only after this many refusals. Until then,
 * each refusal is an error of `token`, and the session is kept.
 */
const REFUSALS = 3;
const readRefusal = object<{ error: WireError }>({ error: readError });

/**
 * A session, and when this client received it (`takenAt`), by the client's own clock. An older version of this client
 * did not store that time; the age of a session without it is unknown.
 */
type Kept = Session & { readonly takenAt?: number | undefined };
const readKept: Reader<Kept> = object({
  token: text,
  user: text,
  expiresAt: number,
  expiresInMs: optional(number),
  takenAt: optional(number),
});

/**
 * Provides the tokens of the application: always `token`, or what the function `token` returns. If the function returns
 * no token within `withinMs`, that counts as a failure, and the function is called again at the next connect.
 */
export function givenTokens(token: string | (() => Promise<string>), withinMs = TOKEN_MS): TokenSource {
  let user = typeof token === "string" ? subjectOf(token) : undefined;
  return {
    get user() {
      return user;
    },
    async token() {
      const newest = typeof token === "string" ? token : await inTime(token(), withinMs);
      user = subjectOf(newest);
      return newest;
    },
    renew: () => undefined,
  };
}

async function inTime(token: Promise<string>, ms: number): Promise<string> {
  try {
    return await within(token, ms);
  } catch (error) {
    throw error instanceof RelayError ? new Error(`no token within ${ms} ms`, { cause: error }) : error;
  }
}

const readClaims = object({ sub: text });

/**
 * Returns the user named in a JWT, unverified: verifying is the server's task. Returns undefined for any other text.
 */
function subjectOf(token: string): string | undefined {
  try {
    const claims = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(claims), (character) => character.charCodeAt(0));
    return readClaims(JSON.parse(new TextDecoder().decode(bytes))).sub;
  } catch {
    return undefined;
  }
}

/**
 * Anonymous sessions from `POST /v1/session`. They are kept in a storage, so that the user stays the same after a
 * reload. The validity of a session is measured from when it was received, so that a wrong clock does not end a
 * session.
 */
export function anonymousTokens(
  base: string,
  storage: Storage,
  request: typeof fetch,
  clocks: Clocks = CLOCKS,
): TokenSource {
  const key = `docrelay:session:${base}`;
  let session = readJson(storage, key, readKept);
  let lifeMs = 0;
  /** When the session ends, by the steady clock. The time is in the past if the session's age is unknown. */
  let endsAt = 0;
  let renewing = false;
  let refusals = 0;
  let givenUp: string | undefined;
  let fetching: Promise<string> | undefined;
  if (session) hold(session);

  function hold(next: Kept): void {
    session = next;
    const ageMs = next.takenAt === undefined ? Number.POSITIVE_INFINITY : clocks.wall() - next.takenAt;
    lifeMs = leftMs(next, next.takenAt ?? 0);
    // If `ageMs` is negative, the clock was set back. The age of the session is then unknown, and the session counts as
    // ended.
    endsAt = clocks.steady() + (ageMs >= 0 && ageMs < lifeMs ? lifeMs - ageMs : 0);
    renewing = false;
  }
  const isFresh = (): boolean => endsAt - clocks.steady() > marginMs(lifeMs);

  /**
   * Switches to the session that another tab has stored, if there is one, so that all tabs of a browser have the same
   * user. Returns its token if the session is still valid for some time.
   */
  function adopt(): string | undefined {
    const stored = readJson(storage, key, readKept);
    if (!stored || stored.token === session?.token || stored.token === givenUp) return undefined;
    hold(stored);
    return isFresh() ? stored.token : undefined;
  }
  async function take(): Promise<string> {
    const adopted = adopt();
    if (adopted !== undefined) return adopted;
    const headers: Record<string, string> = session ? { authorization: `Bearer ${session.token}` } : {};
    const signal = AbortSignal.timeout(FETCH_MS);
    const response = await request(`${base}/v1/session`, { method: "POST", headers, signal }).catch(
      async (cause: unknown) => {
        // A web page cannot read how a preflight was refused. The probe is a request without a preflight: it shows
        // whether the server denies the web page's origin.
        const found = await probe({ base }, request);
        throw "error" in found ? found.error : unreachable(cause);
      },
    );
    const body: unknown = await response.json().catch(() => undefined);
    if (response.status === 401 && session) {
      refusals++;
      // Another edge may accept the session. The user must not be lost because one edge refuses the session, for
      // example an edge with a wrong setting.
      if (isFresh() && refusals < REFUSALS) throw refusalOf(response, body);
      forget();
      return take();
    }
    const taken = response.ok ? tryRead(readSession, body) : undefined;
    if (!taken) throw refusalOf(response, body);
    const kept = { ...taken, takenAt: clocks.wall() };
    hold(kept);
    refusals = 0;
    writeJson(storage, key, kept);
    return kept.token;
  }
  function forget(): void {
    givenUp = session?.token;
    session = undefined;
    if (readJson(storage, key, readKept)?.token === givenUp) removeKey(storage, key);
  }

  return {
    user: "",
    async token() {
      if (session && !renewing && isFresh()) return session.token;
      return (fetching ??= take().finally(() => (fetching = undefined)));
    },
    renew: () => void (renewing = true),
  };
}

function refusalOf(response: Response, body: unknown): RelayError {
  const refusal = tryRead(readRefusal, body)?.error;
  // An edge sends NOT_FOUND for a path that it does not have, so docrelay is not served under this url.
  if (!refusal || refusal.code === "NOT_FOUND") return notDocrelay(response);
  // This server issues no sessions, so the application has to provide tokens.
  if (refusal.code === "FORBIDDEN") return new RelayError(wireError("AUTH_REQUIRED"));
  return new RelayError(refusal);
}
