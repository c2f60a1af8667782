import { ReplyError } from "ioredis";
import { DeadlineError } from "./lifecycle.ts";
import type { StoreErrorKind } from "./redis-error.ts";

/**
 * For tests: an error of each kind that a process meets. `kind`: what `storeErrorKind` must return for it; undefined
 * for a bug.
 */
export interface ErrorSample {
  readonly name: string;
  readonly error: unknown;
  readonly kind: StoreErrorKind | undefined;
}

const reply = (message: string, more: object = {}): Error => Object.assign(new ReplyError(message), more);
const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });
const coded = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });
const each = (kind: StoreErrorKind | undefined, errors: readonly Error[]): ErrorSample[] =>
  errors.map((error) => ({ name: `${error.name}: ${error.message}`, error, kind }));

const full = reply("OOM command not allowed when used memory > 'maxmemory'.");
const aborted = "EXECABORT Transaction discarded because of previous errors.";

export const ERROR_SAMPLES: readonly ErrorSample[] = [
  ...each("unreachable", [
    new Error("Command timed out"),
    new Error("Connection is closed."),
    named("AbortError", "Command aborted due to connection close"),
    new Error("Stream isn't writeable and enableOfflineQueue options is false"),
    new Error("Socket timeout. Expecting data, but didn't receive any in 700ms."),
    named("MaxRetriesPerRequestError", "Reached the max retries per request limit (which is 1)."),
    named("ClusterAllFailedError", "Failed to refresh slots cache."),
    new Error("None of startup nodes is available"),
    new Error("Cluster isn't ready and enableOfflineQueue options is false"),
    new DeadlineError(900),
    coded("ECONNREFUSED", "connect"),
    coded("ECONNRESET", "read"),
    coded("EPIPE", "write"),
    coded("ETIMEDOUT", "connect"),
    coded("EHOSTUNREACH", "connect"),
    coded("ENOTFOUND", "getaddrinfo"),
    coded("EAI_AGAIN", "getaddrinfo"),
    coded("EIO", "write"),
    new AggregateError([coded("ECONNREFUSED", "connect"), coded("ETIMEDOUT", "connect")], "both addresses"),
  ]),
  ...each("refused", [
    full,
    reply("OOM command not allowed when used memory > 'maxmemory'. script: 948fb05, on @user_script:1."),
    reply("READONLY You can't write against a read only replica."),
    reply("LOADING Redis is loading the dataset in memory"),
    reply("MISCONF Errors writing to the AOF file: No space left on device"),
    reply("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
    reply("NOREPLICAS Not enough good replicas to write."),
    reply("CLUSTERDOWN Hash slot not served"),
    reply("TRYAGAIN Multiple keys request during rehashing of slot"),
    reply("MOVED 3999 10.0.0.7:6381"),
    reply("ASK 3999 10.0.0.7:6381"),
    reply("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."),
    reply("UNKILLABLE Sorry the script already executed write commands against the dataset."),
    reply("UNBLOCKED client unblocked via CLIENT UNBLOCK"),
    reply("NOSCRIPT No matching script. Please use EVAL."),
    reply("ERR max number of clients reached"),
    reply("ERR Script killed by user with SCRIPT KILL... script: 694a5fe, on @user_script:1."),
    reply(aborted),
    reply(aborted, { previousErrors: [full] }),
    coded("EMFILE", "open"),
    coded("ENOSPC", "write"),
    coded("EFBIG", "write"),
    coded("EDQUOT", "write"),
  ]),
  ...each("misconfigured", [
    reply("NOAUTH Authentication required."),
    reply("WRONGPASS invalid username-password pair or user is disabled."),
    reply("NOPERM this user has no permissions to run the 'set' command"),
    reply("ERR The user executing the script can't run this command or subcommand script: 948fb05, on @user_script:1."),
    reply("DENIED Redis is running in protected mode because protected mode is enabled"),
    coded("EROFS", "open"),
    coded("EACCES", "mkdir"),
    coded("ENOENT", "open"),
  ]),
  ...each(undefined, [
    reply("ERR user_script:3: attempt to index a nil value"),
    reply("ERR wrong number of arguments for 'set' command"),
    reply("WRONGTYPE Operation against a key holding the wrong kind of value"),
    reply("BUSYGROUP Consumer Group name already exists"),
    reply("CROSSSLOT Keys in request don't hash to the same slot"),
    reply(aborted, { previousErrors: [full, reply("ERR unknown command 'NOSUCH'")] }),
    new Error("BUSY Redis is busy running a script."),
    new Error("write after end"),
    new DOMException("This operation was aborted", "AbortError"),
    new AggregateError([coded("ECONNREFUSED", "connect"), new TypeError("x is undefined")], "a bug among them"),
    new TypeError("Cannot read properties of undefined (reading 'secret')"),
    coded("ENOENT", "spawn /usr/bin/no-such-program"),
    coded("ERR_INVALID_ARG_TYPE", "open"),
  ]),
  { name: "a string", error: "OOM command not allowed", kind: undefined },
  { name: "nothing", error: undefined, kind: undefined },
  { name: "an object that only looks like an error", error: { name: "ReplyError", message: "OOM" }, kind: undefined },
];
