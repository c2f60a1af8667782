import { DeadlineError } from "./lifecycle.ts";

/**
 * Why the store (Redis, or a folder for files) did not carry out a step. In all three cases the same step may succeed
 * later, so an idempotent one may be sent again.
 *
 * - `unreachable`: no connection, or no reply in time. The outcome is unknown: the step may have been carried out.
 * - `refused`: the store replied that it cannot do this now (full, loading, read-only, failing over, no file handle).
 * - `misconfigured`: the store refuses until an operator acts (password, permissions). For users this is an outage,
 *   too.
 */
export type StoreErrorKind = "unreachable" | "refused" | "misconfigured";

/**
 * The first words of Redis's error replies, and what they mean. If a word is not listed (WRONGTYPE, CROSSSLOT,
 * BUSYGROUP …), the error is a bug of docrelay.
 */
const REPLIES: Readonly<Record<string, StoreErrorKind>> = {
  ASK: "refused",
  BUSY: "refused",
  CLUSTERDOWN: "refused",
  LOADING: "refused",
  MASTERDOWN: "refused",
  MISCONF: "refused",
  MOVED: "refused",
  NOREPLICAS: "refused",
  // ioredis sends a script of `defineCommand` again after this reply, except in a transaction. docrelay's own scripts
  // are sent again by `run` of packages/channel.
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

/**
 * Replies that begin with the word ERR, but are failures of the store. All other replies with ERR, and all errors
 * inside a script, are bugs.
 */
const ERR_REPLIES: ReadonlyArray<readonly [prefix: string, kind: StoreErrorKind]> = [
  ["ERR max number of clients", "refused"],
  ["ERR Script killed by user", "refused"],
  ["ERR The user executing the script can't", "misconfigured"],
  ["ERR invalid password", "misconfigured"],
  ["ERR AUTH ", "misconfigured"],
  ["ERR Client sent AUTH", "misconfigured"],
];

/** The codes of errors of sockets, name resolution and files. */
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

/**
 * How messages of ioredis and BullMQ begin that are failures of the store. They are thrown as a plain `Error`, so only
 * the text tells which error it is.
 */
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
 * The only function that decides which errors are failures of the store. Returns undefined for any other error, which
 * is a bug. If an error contains others (`AggregateError`, a transaction that Redis discarded), these decide: if one of
 * them is a bug, the whole is a bug.
 */
export function storeErrorKind(error: unknown): StoreErrorKind | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof DeadlineError) return "unreachable";
  if (error.name === "ReplyError") return replyKind(error);
  if (error instanceof AggregateError) return kindOfAll(error.errors);
  if (LIBRARY_NAMES.has(error.name)) return "unreachable";
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (typeof code === "string" && Object.hasOwn(CODES, code)) {
    // The error of a program that could not be started has the same codes, but is no failure of the store.
    return syscall?.startsWith("spawn") ? undefined : CODES[code];
  }
  return LIBRARY_MESSAGES.some((text) => error.message.startsWith(text)) ? "unreachable" : undefined;
}

function replyKind(error: Error): StoreErrorKind | undefined {
  const [word = ""] = error.message.split(" ", 1);
  if (word === "ERR") return ERR_REPLIES.find(([prefix]) => error.message.startsWith(prefix))?.[1];
  if (word === "EXECABORT") {
    const { previousErrors } = error as { previousErrors?: unknown };
    // If `previousErrors` is missing, it is unknown why commands of the transaction were refused. All that is known is
    // that Redis has carried out none of them.
    return Array.isArray(previousErrors) && previousErrors.length > 0 ? kindOfAll(previousErrors) : "refused";
  }
  return Object.hasOwn(REPLIES, word) ? REPLIES[word] : undefined;
}

function kindOfAll(errors: readonly unknown[]): StoreErrorKind | undefined {
  const kinds = errors.map(storeErrorKind);
  return kinds.includes(undefined) ? undefined : kinds[0];
}
