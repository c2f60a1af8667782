import { ChannelError } from "@docrelay/channel";
import { JobsError } from "@docrelay/jobs";
import { DeadlineError } from "@docrelay/platform";
import { Refusal, wireError, type WireError } from "@docrelay/protocol";

/** What went wrong, as a client may see it; `bug` tells whether it belongs in the log as an error of ours. */
export interface Failure {
  readonly wire: WireError;
  readonly severity: "refused" | "store" | "bug";
}

const STORE_RETRY_MS = 500;
// What Redis answers when it is there but cannot serve: full, loading, read-only, failing over.
const REDIS_CANNOT =
  /^(OOM|READONLY|LOADING|MASTERDOWN|NOREPLICAS|MISCONF|BUSY|CLUSTERDOWN|TRYAGAIN|UNKILLABLE|NOAUTH|NOPERM|EXECABORT)\b/;
const NOT_CONNECTED =
  /^(Command timed out|Connection is closed|Stream isn't writeable|Socket closed|connect |read |write )/;
const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "EMFILE",
]);

/** The one place where an error becomes a code. Nothing internal leaves it. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Refusal) return { wire: error.wire, severity: "refused" };
  if (error instanceof ChannelError && error.kind === "hole")
    return { wire: wireError("FILE_CORRUPT"), severity: "refused" };
  const disk = error instanceof ChannelError && error.kind === "io";
  if (disk || error instanceof DeadlineError || error instanceof JobsError || isStoreError(error)) {
    return { wire: wireError("STORE_UNAVAILABLE", { retryAfterMs: STORE_RETRY_MS }), severity: "store" };
  }
  return { wire: wireError("INTERNAL"), severity: "bug" };
}

function isStoreError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "MaxRetriesPerRequestError" || error.name === "AbortError") return true;
  const code = "code" in error ? String(error.code) : "";
  return REDIS_CANNOT.test(error.message) || NOT_CONNECTED.test(error.message) || NETWORK_CODES.has(code);
}
