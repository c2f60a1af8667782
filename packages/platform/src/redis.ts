import { Redis, type RedisOptions } from "ioredis";

/** Thrown when a Redis cannot be used. */
export class PlatformError extends Error {
  override readonly name = "PlatformError";
  readonly kind: "redis-version" | "redis-unreachable";
  constructor(kind: PlatformError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export interface RedisWish {
  readonly url: string;
  /**
   * `command`: answers or fails within `commandTimeoutMs`; a timeout means "unknown", so what is sent must be idempotent.
   * `subscriber`: subscribes again by itself. `blocking`: waits for ever, for the queue library's blocking reads.
   */
  readonly purpose: "command" | "subscriber" | "blocking";
  /** Shown in Redis's client list. */
  readonly name: string;
  readonly commandTimeoutMs?: number;
  /** false: a command fails at once while the connection is down, instead of waiting for it. */
  readonly offlineQueue?: boolean;
  readonly onError: (error: Error) => void;
}

const MAX_RETRY_MS = 1000;

type Options = Omit<RedisOptions, "replyMapping">;

/** A connection that comes back by itself, for ever, with jitter; its errors go to `onError` and never unhandled. */
export function connectRedis(wish: RedisWish): Redis {
  const common: Options = {
    connectionName: wish.name,
    connectTimeout: 2000,
    // The formula of protocol's `backoff`: this package depends on no other one.
    retryStrategy: (times) => Math.min(50 * 2 ** times, MAX_RETRY_MS) * (0.5 + Math.random() / 2),
    // A replica that was promoted away answers READONLY: another connection may find the master.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
  };
  const redis = open(wish.url, { ...common, ...byPurpose(wish) });
  redis.on("error", wish.onError);
  writeTogether(redis);
  return redis;
}

/**
 * Hands all commands of one turn of the loop to the system in one call: the library makes one for each. Under load many
 * answers come at a time and each is followed by the next command, so that a busy process spends a good part of its time
 * on writing, and Redis on reading, and on syncing its log for each.
 */
function writeTogether(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  let corked: object | undefined;
  const sendCommand: typeof send = (...args) => {
    const { stream } = redis;
    if (stream && stream !== corked) {
      corked = stream;
      stream.cork();
      process.nextTick(() => {
        if (corked === stream) corked = undefined;
        stream.uncork();
      });
    }
    return send(...args);
  };
  Object.assign(redis, { sendCommand });
}

function byPurpose(wish: RedisWish): Options {
  if (wish.purpose === "command") {
    return {
      commandTimeout: wish.commandTimeoutMs ?? 2000,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: wish.offlineQueue ?? true,
    };
  }
  return { maxRetriesPerRequest: null, autoResubscribe: true };
}

function open(url: string, options: Options): Redis {
  return url.startsWith("unix:") ? new Redis({ ...options, path: url.slice("unix:".length) }) : new Redis(url, options);
}

export interface RedisFacts {
  readonly version: string;
  readonly maxmemoryPolicy: string;
  readonly aof: string;
  /** What may lose data as it is set now, in words. */
  readonly warnings: readonly string[];
}

/** Waits until Redis answers, and says what it is. @throws PlatformError `redis-unreachable`, `redis-version` (< 7.0). */
export async function inspectRedis(redis: Redis, deadlineMs: number): Promise<RedisFacts> {
  const info = await untilAnswer(redis, deadlineMs);
  const version = /redis_version:([\d.]+)/.exec(info)?.[1] ?? "0";
  if (Number(version.split(".")[0]) < 7) {
    throw new PlatformError("redis-version", `Redis ${version} is too old: sharded pub/sub needs 7.0 or newer`);
  }
  // A managed Redis may forbid CONFIG: then nothing is known, which is worth a warning of its own.
  const config = async (name: string): Promise<string> => {
    const answer = await redis.config("GET", name).catch(() => []);
    const value: unknown = (answer as unknown[])[1];
    return typeof value === "string" ? value : "unknown";
  };
  const [maxmemoryPolicy, appendonly, fsync] = await Promise.all([
    config("maxmemory-policy"),
    config("appendonly"),
    config("appendfsync"),
  ]);
  const aof = appendonly === "yes" ? fsync : appendonly;
  const warnings: string[] = [];
  if (maxmemoryPolicy !== "noeviction") {
    warnings.push(
      `maxmemory-policy is ${maxmemoryPolicy}: under memory pressure Redis may drop conversations; set noeviction`,
    );
  }
  if (aof === "no")
    warnings.push("the append-only file is off: a restart of Redis loses what was acknowledged; set appendonly yes");
  else if (aof !== "always") warnings.push(`appendfsync is ${aof}: a power loss may lose the last seconds; set always`);
  return { version, maxmemoryPolicy, aof, warnings };
}

async function untilAnswer(redis: Redis, deadlineMs: number): Promise<string> {
  const end = Date.now() + deadlineMs;
  while (true) {
    try {
      return await redis.info("server");
    } catch (error) {
      if (Date.now() >= end) throw new PlatformError("redis-unreachable", "Redis does not answer", { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
