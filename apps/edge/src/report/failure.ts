import { ChannelError } from "@docrelay/channel";
import { JobsError } from "@docrelay/jobs";
import { storeErrorKind } from "@docrelay/platform";
import { Refusal, wireError, type WireError } from "@docrelay/protocol";

/**
 * An error in the form that a client may receive. `severity` is `refused` if the client must change something or wait,
 * `store` if Redis or the blob store failed, and `bug` for anything else. Only a `bug` is logged at the level `error`.
 */
export interface Failure {
  readonly wire: WireError;
  readonly severity: "refused" | "store" | "bug";
}

const STORE_RETRY_MS = 500;

/** Maps any error to a code of the protocol. The result contains no internal text. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Refusal) return { wire: error.wire, severity: "refused" };
  if (error instanceof ChannelError && error.kind === "hole")
    return { wire: wireError("FILE_CORRUPT"), severity: "refused" };
  const disk = error instanceof ChannelError && error.kind === "io";
  const silentQueue = error instanceof JobsError && error.kind === "timeout";
  if (disk || silentQueue || storeErrorKind(error)) {
    return { wire: wireError("STORE_UNAVAILABLE", { retryAfterMs: STORE_RETRY_MS }), severity: "store" };
  }
  return { wire: wireError("INTERNAL"), severity: "bug" };
}

/**
 * The error of an ask that was cancelled, for clients that wait for its answer. It is not retryable: many clients send a
 * question again after `ASK_EXPIRED` and its status 504 without asking their user, and this user, or an operator, has
 * ended the question on purpose.
 */
export const cancelledError = (): WireError => wireError("NOT_FOUND", { message: "The question was cancelled." });
