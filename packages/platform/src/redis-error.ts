import { DeadlineError } from "./lifecycle.ts";

/**
 * Why the store (Redis, or a folder for files) did not do what it was asked. All three pass without a change of the
 * caller's code, so the same idempotent step may be sent again.
 *
 * - `unreachable`: no connection, or no reply in time. The outcome is unknown: the step may have been carried out.
 * - `refused`: the store replied that it cannot do this now (full, loading, read-only, failing over, no file handle).
 * - `misconfigured`: the store refuses until an operator acts (password, permissions). An outage for users, too.
 */
export type StoreErrorKind = "unreachable" | "refused" | "misconfigured";

/** First word of an error reply of Redis. A word that is not here (WRONGTYPE, CROSSSLOT, BUSYGROUP …) is a bug of ours. */
const REPLIES: Readonly<Record<string, StoreErrorKind>> = {
  ASK: "refused",
  BUSY: "refused",
  CLUSTERDOWN: "refused",
  LOADING: "refused",
  MASTERDOWN: "refused",
  MISCONF: "refused",
  MOVED: "refused",
  NOREPLICAS: "refused",
  // The library sends the script's text when a single call gets this; in a pipeline it is left to the caller.
  NOSCRIPT: "refused",
  OOM: "refused",
  READONLY: "refused",
  TRYAGAIN: "refused",
  UNBLOCKED: "refused",
  UNKILLABLE: "refused",
  DENIED: "misconfigured",
  NOAUTH: "misconfigured",
  NOPERM: "misconfigured",
  WRONGPASS: "misconfigured",
};

/** Replies that begin with the word ERR, which most bugs do, too: a script error stays a bug. */
const ERR_REPLIES: ReadonlyArray<readonly [prefix: string, kind: StoreErrorKind]> = [
  ["ERR max number of clients", "refused"],
  ["ERR Script killed by user", "refused"],
  ["ERR The user executing the script can't", "misconfigured"],
  ["ERR invalid password", "misconfigured"],
  ["ERR AUTH ", "misconfigured"],
  ["ERR Client sent AUTH", "misconfigured"],
];

/** Codes of errors of sockets, name resolution and files. */
const CODES: Readonly<Record<string, StoreErrorKind>> = {
  ECONNREFUSED: "unreachable",
  ECONNRESET: "unreachable",
  ECONNABORTED: "unreachable",
  EPIPE: "unreachable",
  ETIMEDOUT: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ENOTFOUND: "unreachable",
  EAI_AGAIN: "unreachable",
  EIO: "unreachable",
  ESTALE: "unreachable",
  EMFILE: "refused",
  ENFILE: "refused",
  ENOSPC: "refused",
  EDQUOT: "refused",
  EFBIG: "refused",
  EROFS: "misconfigured",
  EACCES: "misconfigured",
  EPERM: "misconfigured",
  ENOENT: "misconfigured",
  ENOTDIR: "misconfigured",
};

/** ioredis and BullMQ throw most of their own errors as a plain `Error`: only the text tells them apart. */
const LIBRARY_MESSAGES: readonly string[] = [
  "Command timed out",
  "Connection is closed.",
  "Command aborted due to connection close",
  "Stream isn't writeable and enableOfflineQueue options is false",
  "Socket timeout. Expecting data",
  "Socket closed unexpectedly",
  "Cluster isn't ready and enableOfflineQueue options is false",
  "Cluster is ended.",
  "Cluster is disconnect",
  "Node is disconnected",
  "None of startup nodes is available",
  "No master node is available",
  "Too many Cluster redirections",
  "No subscriber for the cluster",
];
const LIBRARY_NAMES: ReadonlySet<string> = new Set(["MaxRetriesPerRequestError", "ClusterAllFailedError"]);

/**
 * The one rule for which errors are failures of the store; undefined for any other error, which is a bug. An error that
 * wraps others (`AggregateError`, a transaction that Redis discarded) is judged by them: one bug among them makes it one.
 */
export function storeErrorKind(error: unknown): StoreErrorKind | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof DeadlineError) return "unreachable";
  if (error.name === "ReplyError") return replyKind(error);
  if (error instanceof AggregateError) return kindOfAll(error.errors);
  if (LIBRARY_NAMES.has(error.name)) return "unreachable";
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (typeof code === "string" && Object.hasOwn(CODES, code)) {
    // A program that cannot be started has nothing to do with the store.
    return syscall?.startsWith("spawn") ? undefined : CODES[code];
  }
  return LIBRARY_MESSAGES.some((text) => error.message.startsWith(text)) ? "unreachable" : undefined;
}

function replyKind(error: Error): StoreErrorKind | undefined {
  const [word = ""] = error.message.split(" ", 1);
  if (word === "ERR") return ERR_REPLIES.find(([prefix]) => error.message.startsWith(prefix))?.[1];
  if (word === "EXECABORT") {
    const { previousErrors } = error as { previousErrors?: unknown };
    // Without the errors of its commands nothing is known but that nothing was carried out.
    return Array.isArray(previousErrors) && previousErrors.length > 0 ? kindOfAll(previousErrors) : "refused";
  }
  return Object.hasOwn(REPLIES, word) ? REPLIES[word] : undefined;
}

function kindOfAll(errors: readonly unknown[]): StoreErrorKind | undefined {
  const kinds = errors.map(storeErrorKind);
  return kinds.includes(undefined) ? undefined : kinds[0];
}
