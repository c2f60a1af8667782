import { wireError, type Session } from "@docrelay/protocol";
import type { WireError } from "../wire/contract.ts";
import { readError, readSession } from "../wire/payloads.ts";
import { attempt, number, object, optional, text, type Reader } from "../wire/read.ts";
import { RelayError, unreachable } from "../wire/relay-error.ts";
import { readJson, removeKey, writeJson, type Storage } from "../storage.ts";
import { leftMs, marginMs } from "./lifetime.ts";
import { within } from "./pause.ts";
import { notDocrelay, probe } from "./probe.ts";

/** Provides the tokens that authenticate a connection. */
export interface TokenSource {
  /** The user of the newest token; undefined before the first token, empty for anonymous sessions. */
  readonly user: string | undefined;
  /** Returns a token that is valid for some time. @throws RelayError */
  token(): Promise<string>;
  /**
   * Marks the newest token as refused or soon expired: the next call returns another one, of the same user if possible.
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
/** How long fetching a token may take: a login may have to ask its user, but must not wait for ever. */
const TOKEN_MS = 60_000;
/** A session that should be valid is replaced by one of a new user only after this many refusals; each is reported. */
const REFUSALS = 3;
const readRefusal = object<{ error: WireError }>({ error: readError });

/**
 * A session, and when this client received it, by its own clock. Without that time (from an older version) its age is
 * unknown.
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
 * Tokens from the application. A function that returns no token in time fails, and is called again at the next connect.
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

/** Returns the user in a JWT without verification, which is the server's task. Undefined for any other text. */
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
 * Anonymous sessions from `POST /v1/session`, kept in a storage so that the user stays the same after a reload. A
 * session's validity is measured from the time when it was received, so that a wrong clock costs no session.
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
  /** When the session ends, by the steady clock; in the past when the session's age is not known. */
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
    // A negative age shows that the clock was set back, so the age is unknown.
    endsAt = clocks.steady() + (ageMs >= 0 && ageMs < lifeMs ? lifeMs - ageMs : 0);
    renewing = false;
  }
  const isFresh = (): boolean => endsAt - clocks.steady() > marginMs(lifeMs);

  /** Uses a session that another tab has stored meanwhile: all tabs of a browser have the same user. */
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
        // A page cannot read the refusal of a preflight. A request without a preflight shows whether the page's origin
        // is denied.
        const found = await probe({ base }, request);
        throw "error" in found ? found.error : unreachable(cause);
      },
    );
    const body: unknown = await response.json().catch(() => undefined);
    if (response.status === 401 && session) {
      refusals++;
      // Another edge may accept the session: a user is not given up because of one edge with a different configuration.
      if (isFresh() && refusals < REFUSALS) throw refusalOf(response, body);
      forget();
      return take();
    }
    const taken = response.ok ? attempt(readSession, body) : undefined;
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
  const refusal = attempt(readRefusal, body)?.error;
  // An edge sends this for a path that it does not have: docrelay is not served under this url.
  if (!refusal || refusal.code === "NOT_FOUND") return notDocrelay(response);
  // This server issues no sessions: the application has to provide tokens.
  if (refusal.code === "FORBIDDEN") return new RelayError(wireError("AUTH_REQUIRED"));
  return new RelayError(refusal);
}
