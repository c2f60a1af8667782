import { ChannelError } from "@docrelay/channel";
import { JobsError } from "@docrelay/jobs";
import { storeErrorKind } from "@docrelay/platform";
import { Refusal, wireError, type WireError } from "@docrelay/protocol";

/** What went wrong, as a client may see it; only `bug` is logged as an error. */
export interface Failure {
  readonly wire: WireError;
  readonly severity: "refused" | "store" | "bug";
}

const STORE_RETRY_MS = 500;

/** The one place where an error becomes a code of the protocol. No internal text gets into it. */
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
