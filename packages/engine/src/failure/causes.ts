/**
 * Whether a failed call should be repeated with the same prompt. `never`: it would fail in the same way. `again`: it
 * may succeed. `away`: the engine did not accept the call, because it is unreachable or busy, so repeating the call
 * costs the engine nothing.
 */
export type RetryAdvice = "never" | "again" | "away";
export type FailureKind = "unavailable" | "timeout" | "bad-reply" | "too-large";

/**
 * Why a reply cannot be used. `size`: it is too long. `error`: the engine reports an error. `empty`: it has no text
 * field. `unique-id`: it has the id of another ask, or no id on a connection where one is required. `binary`: it is not
 * a text frame. `frame`: it violates the WebSocket protocol. `depth`: its JSON is nested too deeply.
 */
export type BadReply = "size" | "error" | "empty" | "unique-id" | "binary" | "frame" | "depth";

export interface Cause {
  readonly kind: FailureKind;
  readonly retry: RetryAdvice;
  /** A sentence for the operator: what has happened, and what to check. */
  readonly sentence: string;
}

const cause = (kind: FailureKind, retry: RetryAdvice, sentence: string): Cause => ({ kind, retry, sentence });

const NAMED = {
  dns: cause("unavailable", "away", "the engine's host name is not known: check ENGINE_URL"),
  refused: cause("unavailable", "away", "nothing listens at the engine's address"),
  unreachable: cause("unavailable", "away", "there is no way to the engine's host"),
  exhausted: cause("unavailable", "away", "this machine has no file descriptor or memory left for a connection"),
  reset: cause("unavailable", "away", "the engine broke the connection before it was open"),
  cut: cause("unavailable", "again", "the engine broke the connection in the middle of its reply"),
  "timeout-connect": cause("unavailable", "away", "the engine's host did not take the connection in time"),
  "timeout-handshake": cause("timeout", "away", "the engine took the connection and did not open it in time"),
  tls: cause("unavailable", "never", "TLS with the engine failed: check its certificate, or NODE_EXTRA_CA_CERTS"),
  handshake: cause("unavailable", "never", "what listens at the engine's address does not speak WebSocket"),
  full: cause("unavailable", "again", "too many asks wait for a connection to the engine"),
  "resume-lost": cause("unavailable", "again", "the engine cannot go on with the answer that another call had begun"),
  stopped: cause("unavailable", "again", "the worker has closed its connections to the engine"),
  "prompt-context": cause(
    "too-large",
    "never",
    "the prompt has more tokens than the model takes: see ENGINE_CONTEXT_TOKENS",
  ),
  "prompt-size": cause("too-large", "never", "the prompt is larger than ENGINE_MAX_PROMPT_BYTES"),
  "prompt-broken": cause("too-large", "never", "the engine broke the connection twice while it was sent the prompt"),
  "timeout-send": cause("timeout", "again", "the engine did not read the prompt in time"),
  "timeout-first": cause("timeout", "again", "the engine sent nothing after the prompt"),
  "timeout-idle": cause(
    "timeout",
    "again",
    "the engine fell silent in its reply: it stopped, or its stream has no end frame",
  ),
  "reply-size": cause("bad-reply", "never", "the engine's reply is too large"),
  "reply-error": cause("bad-reply", "never", "the engine replied with an error"),
  "reply-empty": cause("bad-reply", "never", "the engine's reply has no text in a field that is known"),
  "reply-unique-id": cause("bad-reply", "again", "the engine's reply is not known to belong to this ask"),
  "reply-binary": cause("bad-reply", "never", "the engine replied in binary: it must send text frames"),
  "reply-frame": cause("bad-reply", "never", "the engine broke the WebSocket protocol"),
  "reply-depth": cause("bad-reply", "never", "the engine's reply is nested too deeply"),
} as const satisfies Record<string, Cause>;

/**
 * The HTTP statuses that have a cause name of their own. All others share the name of their class, such as `http-5xx`.
 */
const STATUSES = new Set([400, 401, 403, 404, 405, 408, 413, 422, 425, 426, 429, 500, 502, 503, 504, 529]);
/**
 * The WebSocket close codes that have a cause name of their own: the registered ones. All others share the name of
 * their range.
 */
const CODES = new Set([1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3003]);
/**
 * Close codes after which a repeated call would fail in the same way. Many servers use 4400 to 4404 as HTTP uses 400 to
 * 404.
 */
const FINAL_CODES = new Set([1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003, 4400, 4401, 4403, 4404]);

/** The name of a cause. There is a bounded number of names, so a name may be a label of a metric. */
export type CauseName =
  | keyof typeof NAMED
  | `http-${number}`
  | `http-${"other" | `${1 | 2 | 3 | 4 | 5}xx`}`
  | `closed-${number}`
  | `closed-${"other" | "3xxx" | "4xxx"}`;

export function namedCause(name: keyof typeof NAMED): Cause {
  return NAMED[name];
}

/** Returns the cause when the engine responded with this HTTP status, to a request or to the opening of a WebSocket. */
export function httpCause(status: number): Cause & { name: CauseName } {
  const family = Math.floor(status / 100);
  const ofFamily = family >= 1 && family <= 5 ? (`http-${family as 1}xx` as const) : "http-other";
  const name = STATUSES.has(status) ? (`http-${status}` as const) : ofFamily;
  const said = `(HTTP ${status})`;
  if (status === 401 || status === 403)
    return {
      name,
      ...cause("unavailable", "never", `the engine refuses docrelay ${said}: a key or an Origin is missing`),
    };
  if (status === 404)
    return {
      name,
      ...cause("unavailable", "never", `the engine has no such path ${said}: check ENGINE_URL, also its last slash`),
    };
  if (status === 413) return { name, ...cause("too-large", "never", `the engine takes less text ${said}`) };
  if (status === 408 || status === 425 || status === 429 || status === 503 || status === 529)
    return { name, ...cause("unavailable", "away", `the engine is busy or starting ${said}`) };
  if (family === 5 && status !== 501 && status !== 505)
    return { name, ...cause("unavailable", "away", `the engine, or a proxy before it, fails ${said}`) };
  return { name, ...cause("unavailable", "never", `the engine does not serve what docrelay asks for ${said}`) };
}

/**
 * Returns the cause when the engine closed an open connection with this code. 1005: it sent no code; 1006: it sent no
 * close frame.
 */
export function closedCause(code: number): Cause & { name: CauseName } {
  const range = code >= 3000 && code < 5000 ? (`closed-${code < 4000 ? 3 : 4}xxx` as const) : "closed-other";
  const name = CODES.has(code) ? (`closed-${code}` as const) : range;
  const busy = code === 1012 || code === 1013;
  const retry = FINAL_CODES.has(code) ? "never" : busy ? "away" : "again";
  if (code === 1009) return { name, ...cause("too-large", "never", "the engine takes smaller messages only (1009)") };
  const how = code === 1006 ? "without a close frame" : `with code ${code}`;
  return { name, ...cause("unavailable", retry, `the engine closed the connection ${how}`) };
}
