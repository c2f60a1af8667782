import { ChannelError } from "@docrelay/channel";
import { EngineError } from "@docrelay/engine";
import { JobsError } from "@docrelay/jobs";
import { storeErrorKind } from "@docrelay/platform";
import type { ErrorCode } from "@docrelay/protocol";

/** Why an attempt failed. If no further attempt follows, the client sees these fields in the ask's error. */
export interface Failure {
  readonly code: ErrorCode;
  readonly reason?: string;
  /** A message for users that replaces the default message of the code. */
  readonly message?: string;
  /** The error of the engine call, if there was one. */
  readonly engine?: EngineError;
  /**
   * Whether this failure ends the ask, so that no further engine call is made. If undefined, the advice `retry` of the
   * error `engine` decides.
   */
  readonly isFinal?: boolean;
}

/**
 * Where an error comes from. After an error of the engine, the ask may get another attempt; after an error of the
 * store, the step is retried; any other error is a bug.
 */
export type Origin = { kind: "engine"; failure: Failure } | { kind: "store" } | { kind: "bug" };

export function originOf(error: unknown): Origin {
  if (error instanceof EngineError) return { kind: "engine", failure: engineFailure(error) };
  if (error instanceof JobsError) return { kind: error.kind === "timeout" ? "store" : "bug" };
  if (error instanceof ChannelError) return { kind: error.kind === "io" ? "store" : "bug" };
  return { kind: storeErrorKind(error) ? "store" : "bug" };
}

const ENGINE_CODES = {
  unavailable: "ENGINE_UNAVAILABLE",
  timeout: "ENGINE_TIMEOUT",
  "bad-reply": "ENGINE_BAD_REPLY",
  "too-large": "PROMPT_TOO_LARGE",
} as const satisfies Record<EngineError["kind"], ErrorCode>;

function engineFailure(engine: EngineError): Failure {
  const message = sentenceFor(engine);
  return {
    code: ENGINE_CODES[engine.kind],
    reason: reasonOf(engine),
    ...(message === undefined ? {} : { message }),
    engine,
  };
}

function reasonOf({ kind, why, reason }: EngineError): string {
  if (kind === "too-large") return why === "prompt-size" ? "setting" : "engine";
  return reason ?? why;
}

/** Returns a message for users if the default message of the code would mislead them. */
function sentenceFor({ kind, retry, why, bytes, limit }: EngineError): string | undefined {
  if (kind === "too-large" && bytes !== undefined) {
    const most = limit === undefined ? "" : ` (${size(limit)})`;
    return `${size(bytes)} of text is more than the AI engine takes${most}. Ask about fewer or shorter files.`;
  }
  if (why === "reply-error")
    return retry === "never" ? "The AI engine reports an error." : "The AI engine reports an error. Ask again.";
  if (why === "timeout-idle") return "The AI engine stopped in the middle of its answer. Ask again.";
  if (kind !== "unavailable") return undefined;
  if (retry === "never") return "The AI engine refuses this server. Its operator has to set it right.";
  if (BUSY.has(why)) return "The AI engine is busy. Ask again in a moment.";
  return why.startsWith("closed-") ? "The AI engine broke off. Ask again." : undefined;
}

const BUSY: ReadonlySet<EngineError["why"]> = new Set([
  "full",
  "http-408",
  "http-425",
  "http-429",
  "http-503",
  "http-529",
  "closed-1013",
]);

/** Returns the failure with the engine's own error message as the message for users, if the engine has sent one. */
export function withOwnWords(failure: Failure): Failure {
  const said = failure.engine?.said;
  return said === undefined ? failure : { ...failure, message: `The AI engine says: ${said}` };
}

/** Formats a number of bytes: 4,100,000 is "4.1 MB". */
function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Whether another engine call of the same ask would fail in the same way. */
export function isFinal(failure: Failure | undefined): boolean {
  return failure?.isFinal ?? failure?.engine?.retry === "never";
}

/**
 * Returns the log level for a failed ask: `error` for faults of docrelay or its store, `warn` for faults of the engine
 * and for expiry, else `info`.
 */
export function levelOf(code: ErrorCode): "error" | "warn" | "info" {
  switch (code) {
    case "INTERNAL":
    case "STORE_UNAVAILABLE":
      return "error";
    case "ENGINE_UNAVAILABLE":
    case "ENGINE_TIMEOUT":
    case "ENGINE_BAD_REPLY":
    case "ASK_EXPIRED":
      return "warn";
    default:
      return "info";
  }
}
