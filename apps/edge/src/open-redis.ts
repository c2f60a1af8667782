import { loadScripts, openReplicas, openSelfTest } from "@docrelay/channel";
import type { RedisClient, RedisSubscriber, SelfTest, Store } from "@docrelay/channel";
import {
  connectRedis,
  connectSubscriber,
  inspectRedis,
  within,
  type Lifecycle,
  type Logger,
  type RedisConnectionOptions,
} from "@docrelay/platform";
import type { Config } from "./config.ts";

/** An edge's connections to Redis, ready for commands. */
export interface EdgeRedis {
  readonly redis: RedisClient;
  /**
   * The connection on which the Socket.IO adapter subscribes to the channels of rooms. The health check `pubsub` uses
   * it, too.
   */
  readonly subscriber: RedisSubscriber;
  /** The connection for all subscriptions that are not on `subscriber`. */
  readonly plainSubscriber: RedisSubscriber;
  readonly replicas: Store["replicas"];
  readonly selfTest: SelfTest;
}

interface OpenRedisDeps {
  readonly log: Logger;
  readonly life: Lifecycle;
  readonly node: string;
  onTrouble(error: unknown): void;
}

/** For how long a starting edge waits for Redis. */
export const REDIS_WAIT_MS = 30_000;

/** @throws ChannelError or PlatformError, as `openResources` does */
export async function openRedis(config: Config, { log, life, node, onTrouble }: OpenRedisDeps): Promise<EdgeRedis> {
  const open = <T extends { disconnect(): void }>(name: string, connection: T): T => {
    life.add(`redis ${name}`, () => connection.disconnect());
    return connection;
  };
  const optionsOf = (name: string): Pick<RedisConnectionOptions, "server" | "name" | "onError"> => ({
    server: config.redis,
    name: `docrelay-edge-${name}`,
    onError: onTrouble,
  });
  const connect = (name: string, offlineQueue: boolean): RedisClient => {
    const commandTimeoutMs = config.EDGE_REDIS_TIMEOUT_MS;
    return open(name, connectRedis({ ...optionsOf(name), purpose: "command", commandTimeoutMs, offlineQueue }));
  };
  // Commands on this connection, which is used only at the start, wait until Redis is reachable. Commands on all other
  // connections fail at once while Redis is unreachable.
  const facts = await inspectRedis(connect("start", true), REDIS_WAIT_MS, config.DURABILITY);
  for (const warning of facts.warnings) log.warn({ warning }, "redis may lose data");
  const redis = connect("command", false);
  const subscriber: RedisSubscriber = open("rooms", connectSubscriber(optionsOf("rooms")));
  const plainSubscriber: RedisSubscriber = open("plain", connectSubscriber(optionsOf("plain")));
  const replicas =
    config.DURABILITY === "replicated"
      ? openReplicas(connect("replicas", false), config.EDGE_REDIS_TIMEOUT_MS)
      : undefined;
  loadScripts(redis);
  await within(REDIS_WAIT_MS, () => Promise.all([redis, subscriber, plainSubscriber].map(isReady)));
  const tested = { redis, subscriber: plainSubscriber, id: node, roles: ["edge"] as const };
  const selfTest = await openSelfTest(tested, (error) => {
    log.error({ reason: error instanceof Error ? error.message : String(error) }, "the self-test of Redis failed");
  });
  life.add("self-test", () => selfTest[Symbol.dispose]());
  return { redis, subscriber, plainSubscriber, replicas, selfTest };
}

function isReady(redis: Pick<RedisSubscriber, "status" | "once">): Promise<void> {
  if (redis.status === "ready") return Promise.resolve();
  return new Promise((resolve) => redis.once("ready", () => resolve()));
}
