import { ChannelError } from "@docrelay/channel";
import { EngineError } from "@docrelay/engine";
import { JobsError } from "@docrelay/jobs";
import { storeErrorKind } from "@docrelay/platform";
import type { ErrorCode } from "@docrelay/protocol";

/** Why an attempt failed, in the form that the client sees if the attempt was the last one. */
export interface Failure {
  readonly code: ErrorCode;
  readonly reason?: string;
  /** The message for users, in place of the code's default message. */
  readonly message?: string;
  /** The engine's error, if an engine call failed. */
  readonly engine?: EngineError;
  /** No further engine call is to be made for this ask, whatever the error is. */
  readonly isFinal?: boolean;
}

/** Where an error comes from: the engine (the ask may get another attempt), the store (the step is retried), or a bug. */
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

/** Messages for users where the code's default message would mislead. */
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

/** The same failure with the engine's own error message for the user, if there is one. */
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
 * The log level of a failed ask: `error` for faults of docrelay or its store, `warn` for the engine's faults and for
 * expiry, else `info`.
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
