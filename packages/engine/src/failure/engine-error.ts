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

/** Further facts about a failure. */
export interface FailureFacts {
  /** The engine's own text, such as the reason in a close frame; bounded and cleaned. */
  readonly said?: string | undefined;
  /** How long the engine asks callers to wait, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** Replaces the cause's own advice. */
  readonly retry?: RetryAdvice | undefined;
  /** The size of the sent prompt, and the engine's limit, in bytes. */
  readonly bytes?: number | undefined;
  readonly limit?: number | undefined;
  /** The connection broke before the engine had received the whole prompt. */
  readonly whileSending?: boolean;
  /** For operators, appended to the cause's sentence; bounded and cleaned. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The reason why an engine call failed. `message` is for operators: it may name the engine's host, but contains no
 * secret of its URL.
 */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly kind: FailureKind;
  /** The cause's name, from a bounded set. */
  readonly why: CauseName;
  readonly retry: RetryAdvice;
  /** The engine's own text, cleaned and bounded. */
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

  /** The reason, if `kind` is `bad-reply`. */
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

/** The failure for an HTTP status. `retryAfter`: the header of that name. */
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

/** The longest wait that is accepted from a `Retry-After` header, in ms. */
const MAX_WAIT_MS = 3_600_000;

/** Converts a `Retry-After` header, a number of seconds or a date, to ms from `now`. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === "") return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(MAX_WAIT_MS, Math.max(0, Math.round(ms))) : undefined;
}
