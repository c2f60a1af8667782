import { Cluster, Redis, type RedisOptions } from "ioredis";
import { reasonOf } from "./cluster/cluster-client.ts";
import { mastersOf, type RedisClient } from "./cluster/masters.ts";
import type { Durability } from "./redis-settings.ts";
import { storeErrorKind } from "./redis-error.ts";

/** Thrown when a Redis cannot be used. The message tells the operator what to do. */
export class PlatformError extends Error {
  override readonly name = "PlatformError";
  /** The kind of problem: `redis-unreachable` may end by itself; the other kinds need an operator. */
  readonly kind: "redis-version" | "redis-setting" | "redis-unreachable";
  constructor(kind: PlatformError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export interface RedisFacts {
  /** Redis's version; undefined if the Redis user may not read it. */
  readonly version: string | undefined;
  readonly maxmemoryPolicy: string;
  readonly aof: string;
  /** One sentence for each setting with which Redis may lose data. */
  readonly warnings: readonly string[];
}

const PAUSE_MS = 100;
/** How many ms each master of a cluster may take to reply. */
const MASTER_MS = 2000;
const IS_CLUSTER =
  "Redis is a node of a cluster: set REDIS_CLUSTER=true, and REDIS_URL to a comma list of some of its nodes.";

/**
 * Waits until Redis replies, and reads its version and settings. In a cluster, all masters are read, and the worst
 * values count. Problems that waiting cannot solve are thrown at once, for example a wrong password, missing rights, a
 * bad certificate, the address of a replica, a wrong REDIS_CLUSTER, or `replicated` without `min-replicas-to-write`.
 * @throws PlatformError
 */
export async function inspectRedis(
  redis: RedisClient,
  deadlineMs: number,
  durability: Durability = "single",
): Promise<RedisFacts> {
  if (!(redis instanceof Cluster)) {
    const facts = await inspectServer(redis, await readInfo(redis, deadlineMs), false);
    return durability === "single"
      ? facts
      : { ...facts, warnings: [...facts.warnings, ...(await checkReplicas(redis))] };
  }
  await readInfo(redis, deadlineMs);
  const found = await Promise.allSettled(
    mastersOf(redis).map(async (master) => inspectServer(master, await readInfo(master, MASTER_MS), true)),
  );
  // An unreachable master is ignored: a cluster in which a replica is about to take over can be used.
  const all = found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  for (const one of found)
    if (one.status === "rejected" && (all.length === 0 || !isUnreachable(one.reason))) throw one.reason;
  const worst = (of: (facts: RedisFacts) => string, good: string): string =>
    all.map(of).find((value) => value !== good) ?? good;
  const versions = all.flatMap(({ version }) => version ?? []);
  return {
    version: versions.toSorted((one, other) => one.localeCompare(other, "en", { numeric: true }))[0],
    maxmemoryPolicy: worst(({ maxmemoryPolicy }) => maxmemoryPolicy, "noeviction"),
    aof: worst(({ aof }) => aof, "always"),
    warnings: [...new Set(all.flatMap(({ warnings }) => warnings))],
  };
}

const isUnreachable = (error: unknown): boolean => error instanceof PlatformError && error.kind === "redis-unreachable";

async function inspectServer(redis: Redis, info: string, isMaster: boolean): Promise<RedisFacts> {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.+?)\\r?$`, "m").exec(info)?.[1];
  const version = field("redis_version");
  if (version !== undefined && Number(version.split(".")[0]) < 7)
    throw new PlatformError("redis-version", `Redis ${version} is too old: sharded pub/sub needs 7.0 or newer`);
  const mode = field("redis_mode");
  if (mode === "cluster" && !isMaster) throw new PlatformError("redis-setting", IS_CLUSTER);
  if (mode === "sentinel") {
    const message = "What answers is a Sentinel, not a Redis: name it in REDIS_SENTINELS, with REDIS_SENTINEL_NAME.";
    throw new PlatformError("redis-setting", message);
  }
  if (field("role") === "slave" && !isMaster) {
    const message = "Redis is a replica, which takes no writes: set REDIS_URL to its master, or use REDIS_SENTINELS.";
    throw new PlatformError("redis-setting", message);
  }
  // Reads a setting of Redis. A managed Redis may forbid CONFIG; the value is then `unknown`, which leads to a warning.
  const config = async (name: string): Promise<string> => {
    const reply = await redis.config("GET", name).catch(() => []);
    const value: unknown = (reply as unknown[])[1];
    return typeof value === "string" ? value : "unknown";
  };
  const [maxmemoryPolicy, appendonly, fsync] = await Promise.all([
    config("maxmemory-policy"),
    config("appendonly"),
    config("appendfsync"),
  ]);
  const aof = appendonly === "yes" ? fsync : appendonly;
  return { version, maxmemoryPolicy, aof, warnings: warningsOf(maxmemoryPolicy, aof) };
}

/**
 * Checks the master's settings for `DURABILITY=replicated`. Returns warnings. @throws PlatformError if
 * `min-replicas-to-write` is 0
 */
async function checkReplicas(redis: Redis): Promise<string[]> {
  const [info, least] = await Promise.all([
    redis.info("replication").catch(() => ""),
    redis.config("GET", "min-replicas-to-write").catch(() => []),
  ]);
  const value: unknown = (least as unknown[])[1];
  if (value === "0") throw new PlatformError("redis-setting", NO_LEAST);
  const isAlone = /^connected_slaves:0\r?$/m.test(info);
  return [...(typeof value === "string" ? [] : [UNKNOWN_LEAST]), ...(isAlone ? [NO_REPLICA] : [])];
}

const NO_LEAST =
  "DURABILITY=replicated needs min-replicas-to-write 1 or more on each Redis: a master that is cut off would go on taking what is lost when it returns.";
const UNKNOWN_LEAST =
  "min-replicas-to-write cannot be read: with DURABILITY=replicated it must be 1 or more on each Redis";
const NO_REPLICA = "no replica is connected: with DURABILITY=replicated nothing is accepted until one is";

function warningsOf(maxmemoryPolicy: string, aof: string): string[] {
  const warnings: string[] = [];
  if (maxmemoryPolicy !== "noeviction") {
    warnings.push(
      `maxmemory-policy is ${maxmemoryPolicy}: under memory pressure Redis may drop conversations; set noeviction`,
    );
  }
  if (aof === "no")
    warnings.push("the append-only file is off: a restart of Redis loses what was acknowledged; set appendonly yes");
  else if (aof !== "always") warnings.push(`appendfsync is ${aof}: a power loss may lose the last seconds; set always`);
  return warnings;
}

/** Reads INFO, within `deadlineMs`. Returns an empty text when the Redis user may not read it. */
async function readInfo(redis: RedisClient, deadlineMs: number): Promise<string> {
  let last: Error | undefined;
  const { promise: advised, reject } = Promise.withResolvers<never>();
  advised.catch(() => undefined);
  const onError = (error: Error): void => {
    last = reasonOf(error);
    // While the cluster cannot be reached, its commands wait until their timeout. If the reason is a problem that
    // waiting cannot solve, the wait ends here.
    if (redisAdvice(last) !== undefined) reject(last);
  };
  redis.on("error", onError);
  const end = performance.now() + deadlineMs;
  try {
    while (true) {
      try {
        const read = Promise.all([redis.info("server"), redis.info("replication")]);
        return (await Promise.race([read, advised])).join("\n");
      } catch (error) {
        if (error instanceof Error && /^NOPERM .*'info/.test(error.message)) return "";
        const why = [error, last].find((one) => one instanceof Error && redisAdvice(one) !== undefined) as
          | Error
          | undefined;
        if (why) throw new PlatformError("redis-setting", redisAdvice(why) ?? "", { cause: why });
        if (storeErrorKind(error) === undefined) throw error;
        if (performance.now() >= end) {
          const cause = last ?? error;
          if (redis instanceof Cluster && (await lacksSlots(redis)))
            throw new PlatformError("redis-unreachable", LACKS_SLOTS, { cause });
          throw new PlatformError("redis-unreachable", unreachable(cause), { cause });
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  } finally {
    redis.off("error", onError);
  }
}

const LACKS_SLOTS =
  "The cluster of Redis does not serve all slots: create it, or look what is wrong (redis-cli --cluster create, --cluster check).";

/**
 * Whether the cluster is down, according to the first seed that replies. The seeds are asked directly, because the
 * library does not report why it does not connect.
 */
async function lacksSlots(cluster: Cluster): Promise<boolean> {
  const { startupNodes } = cluster as unknown as {
    readonly startupNodes: ReadonlyArray<{ host: string; port: number }>;
  };
  const states = startupNodes.map(async ({ host, port }) => {
    const options: Omit<RedisOptions, "replyMapping"> = {
      ...cluster.options.redisOptions,
      ...{ host, port, commandTimeout: MASTER_MS, retryStrategy: null, maxRetriesPerRequest: 0 },
    };
    const node = new Redis(options);
    node.on("error", () => undefined);
    try {
      return String(await node.cluster("INFO"));
    } finally {
      node.disconnect();
    }
  });
  return Promise.any(states).then(
    (state) => state.includes("cluster_state:fail"),
    () => false,
  );
}

const ADVICE: ReadonlyArray<readonly [begins: RegExp, advice: string]> = [
  [/^NOAUTH /, "Redis wants a password: set REDIS_PASSWORD (and REDIS_USERNAME, if it has users)."],
  [
    /^WRONGPASS |^ERR invalid password/,
    "Redis refuses this user name or password: check REDIS_USERNAME and REDIS_PASSWORD.",
  ],
  [
    /^DENIED /,
    "Redis is in protected mode and takes connections of its own machine only: give it a password, or bind it.",
  ],
  [/cluster support disabled/, "Redis is no cluster: leave REDIS_CLUSTER out, and set REDIS_URL to the one server."],
  [/^(Protocol error|Unknown RESP type)/, "What answers is not Redis: check host and port of REDIS_URL."],
];

const CERTIFICATE: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: "is of an unknown authority: set REDIS_TLS_CA to the authority's PEM file.",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is of an unknown authority: set REDIS_TLS_CA to the authority's PEM file.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "is of an unknown authority: set REDIS_TLS_CA to the authority's PEM file.",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "is of an unknown authority: set REDIS_TLS_CA to the authority's PEM file.",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another host name: use a name in REDIS_URL that the certificate holds.",
  CERT_HAS_EXPIRED: "has expired: renew it.",
};

/**
 * Returns what an operator has to do about an error that waiting cannot solve; undefined for any other error. The text
 * has no secret in it.
 */
export function redisAdvice({ message, code }: NodeJS.ErrnoException): string | undefined {
  if (code !== undefined && Object.hasOwn(CERTIFICATE, code)) return `The certificate of Redis ${CERTIFICATE[code]}`;
  if (/alert (number 116|certificate required)|tlsv13 alert certificate required/i.test(message))
    return "Redis wants a certificate of its client: set REDIS_TLS_CERT and REDIS_TLS_KEY.";
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG")
    return "Redis does not speak TLS at this port: use redis:// instead of rediss://, or its TLS port.";
  if (message.startsWith("NOPERM ")) return `The user of Redis has too few rights: ${message.slice("NOPERM ".length)}.`;
  return ADVICE.find(([begins]) => begins.test(message))?.[1];
}

function unreachable(error: unknown): string {
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: "" };
  const why =
    code === "ENOTFOUND" || code === "EAI_AGAIN"
      ? "its name does not resolve"
      : code === "ECONNREFUSED"
        ? "nothing listens there"
        : code === "ECONNRESET" || /Connection is closed|connection close/.test(message)
          ? "the connection is closed at once; if the port wants TLS, use rediss://"
          : message.startsWith("All sentinels are unreachable")
            ? "no sentinel answers, or none knows this master: check REDIS_SENTINELS and REDIS_SENTINEL_NAME"
            : "it stays silent; if the port wants no TLS, use redis://";
  return `Redis does not reply: ${why}.`;
}

/**
 * Repeats a command every 100 ms while it fails because of Redis; see `storeErrorKind`. The command must be safe to
 * repeat.
 * @throws PlatformError `redis-unreachable` after the deadline; any error that is a bug, at once.
 */
export async function untilReply<T>(command: () => Promise<T>, deadlineMs: number): Promise<T> {
  const end = performance.now() + deadlineMs;
  while (true) {
    try {
      return await command();
    } catch (error) {
      if (storeErrorKind(error) === undefined) throw error;
      if (performance.now() >= end) throw new PlatformError("redis-unreachable", unreachable(error), { cause: error });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
