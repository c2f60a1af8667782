import { wireError, type Session } from "@docrelay/protocol";
import type { WireError } from "../wire/contract.ts";
import { readError, readSession } from "../wire/payloads.ts";
import { attempt, number, object, optional, text, type Reader } from "../wire/read.ts";
import { RelayError, unreachable } from "../wire/relay-error.ts";
import { readJson, removeKey, writeJson, type Storage } from "../storage.ts";
import { leftMs, marginMs } from "./lifetime.ts";
import { within } from "./pause.ts";
import { notDocrelay, probe } from "./probe.ts";

/** Gives the tokens that authenticate a connection. */
export interface TokenSource {
  /** Whose tokens they are: the user of the newest one, undefined before the first; empty for anonymous sessions. */
  readonly user: string | undefined;
  /** A token that is still valid for a while. @throws RelayError */
  token(): Promise<string>;
  /** The newest token was refused, or expires soon: the next call gives another one, of the same user if possible. */
  renew(): void;
}

/** Two clocks, in milliseconds: `wall` is the epoch's and may jump, `steady` never does and has no meaning elsewhere. */
export interface Clocks {
  wall(): number;
  steady(): number;
}
const CLOCKS: Clocks = { wall: () => Date.now(), steady: () => performance.now() };

const FETCH_MS = 10_000;
/** A login may ask its user something, but not for ever. */
const TOKEN_MS = 60_000;
/** A session that should be valid is given up for a new user's when it was refused this often, each time told. */
const REFUSALS = 3;
const readRefusal = object<{ error: WireError }>({ error: readError });

/** A session and when this client took it, by its own clock. Without that time (an older version) its age is unknown. */
type Kept = Session & { readonly takenAt?: number | undefined };
const readKept: Reader<Kept> = object({
  token: text,
  user: text,
  expiresAt: number,
  expiresInMs: optional(number),
  takenAt: optional(number),
});

/** The application's own tokens. A function that gives none within a time fails, and is called again at the next connect. */
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

/** The user in a JWT, unverified: the server does that. Undefined for anything else. */
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
 * Anonymous sessions by `POST /v1/session`, kept in a storage so that a reload is the same user. How long a session is
 * valid is measured from when it was taken: a clock that is wrong by any amount costs no session.
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
  /** When the session ends, by the steady clock; in the past when its age is not known. */
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
    // An age below 0: the clock was set back since then, so the age is unknown.
    endsAt = clocks.steady() + (ageMs >= 0 && ageMs < lifeMs ? lifeMs - ageMs : 0);
    renewing = false;
  }
  const isFresh = (): boolean => endsAt - clocks.steady() > marginMs(lifeMs);

  /** Takes a session that another tab has stored meanwhile: all tabs of a browser are one user. */
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
        // The refusal of a preflight cannot be read. A request without one shows whether this page's origin is denied.
        const found = await probe({ base }, request);
        throw "error" in found ? found.error : unreachable(cause);
      },
    );
    const body: unknown = await response.json().catch(() => undefined);
    if (response.status === 401 && session) {
      refusals++;
      // Another edge may accept it: a user is not given up for one edge that is set up differently.
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
  // An edge answers so to a path that it does not have: the url is not the one under which it is served.
  if (!refusal || refusal.code === "NOT_FOUND") return notDocrelay(response);
  // Sessions are issued elsewhere: the application has to give tokens.
  if (refusal.code === "FORBIDDEN") return new RelayError(wireError("AUTH_REQUIRED"));
  return new RelayError(refusal);
}
