import {
  closedCause,
  httpCause,
  namedCause,
  type BadReply,
  type Cause,
  type CauseName,
  type FailureKind,
  type RetryAdvice,
} from "./causes.ts";

/** What is known about a failure besides its cause. */
export interface FailureFacts {
  /** The engine's own text about the failure, such as the reason in a close frame; made with `cleanText`. */
  readonly said?: string | undefined;
  /** How many ms the engine asks callers to wait before the next call. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the call should be repeated. If undefined, the `retry` of the failure's {@link Cause} counts. */
  readonly retry?: RetryAdvice | undefined;
  /** The bytes of the prompt that was sent, and the most bytes that the engine accepts (`limit`). */
  readonly bytes?: number | undefined;
  readonly limit?: number | undefined;
  /** Whether the connection broke before the whole prompt was sent. */
  readonly whileSending?: boolean;
  /** More about the failure for operators, made with `cleanText`. It is appended to the cause's sentence. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Why an engine call failed. `message` is for operators: it may name the engine's host, but has no secret of its URL.
 */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly kind: FailureKind;
  readonly why: CauseName;
  readonly retry: RetryAdvice;
  /** The engine's own text about the failure; made with `cleanText`. */
  readonly said: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly bytes: number | undefined;
  readonly limit: number | undefined;
  readonly whileSending: boolean;

  constructor(why: CauseName, { kind, retry, sentence }: Cause, facts: FailureFacts = {}) {
    super(
      facts.detail === undefined ? sentence : `${sentence}: ${facts.detail}`,
      facts.cause === undefined ? undefined : { cause: facts.cause },
    );
    this.why = why;
    this.kind = kind;
    this.retry = facts.retry ?? retry;
    this.said = facts.said;
    this.retryAfterMs = facts.retryAfterMs;
    this.bytes = facts.bytes;
    this.limit = facts.limit;
    this.whileSending = facts.whileSending ?? false;
  }

  /** Why the reply cannot be used; undefined unless `kind` is `bad-reply`. */
  get reason(): BadReply | undefined {
    return this.kind === "bad-reply" ? (this.why.slice("reply-".length) as BadReply) : undefined;
  }
}

export function failure(why: Parameters<typeof namedCause>[0], facts?: FailureFacts): EngineError {
  return new EngineError(why, namedCause(why), facts);
}

export function badReply(reason: BadReply, facts?: FailureFacts): EngineError {
  return failure(`reply-${reason}`, facts);
}

export function closedFailure(code: number, facts?: FailureFacts): EngineError {
  const { name, ...cause } = closedCause(code);
  return new EngineError(name, cause, facts);
}

/** Returns the failure for an HTTP status. `retryAfter`: the value of the header `Retry-After`. */
export function httpFailure(
  status: number,
  { retryAfter, ...facts }: FailureFacts & { retryAfter?: string | undefined } = {},
): EngineError {
  const { name, ...cause } = httpCause(status);
  return new EngineError(name, cause, {
    ...facts,
    retryAfterMs: facts.retryAfterMs ?? retryAfterMs(retryAfter, Date.now()),
  });
}

/** The longest wait, in ms, that a `Retry-After` header can ask for; a longer one counts as this one. */
const MAX_WAIT_MS = 3_600_000;

/**
 * Converts a `Retry-After` header, which is a number of seconds or a date, to the ms from `now`. Returns undefined for
 * any other text.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === "") return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(MAX_WAIT_MS, Math.max(0, Math.round(ms))) : undefined;
}
