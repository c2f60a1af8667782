import {
  createBell,
  createRoster,
  createSealing,
  loadScripts,
  openReplicas,
  openSelfTest,
  prepareBlobStore,
  readSecret,
  type Bell,
  type BlobStore,
  type SelfTest,
  type Store,
  type RedisClient,
  type RedisSubscriber,
} from "@docrelay/channel";
import { createProducer, type Producer } from "@docrelay/jobs";
import {
  connectRedis,
  connectSubscriber,
  createLifecycle,
  createMetrics,
  inspectRedis,
  type Lifecycle,
  type Logger,
  type Metrics,
  s3PlaceOf,
  openTracing,
  type RedisConnectionOptions,
  type RedisServer,
  type Tracing,
  untilReply,
} from "@docrelay/platform";
import { randomBytes, randomUUID } from "node:crypto";
import { createMembership, type Membership } from "./bell/membership.ts";
import type { Config } from "./config.ts";
import { createAskReport, type AskReport } from "./report/ask-report.ts";

/** What both roles and the sweeper use: settings, connections, the store and the queue of extractions. */
export interface Resources {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly life: Lifecycle;
  readonly redis: RedisClient;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly producer: Producer;
  /** The connection for subscriptions: to hints of cancellations, to beats, and to the bells of this worker. */
  readonly subscriber: RedisSubscriber;
  readonly bell: Bell;
  readonly membership: Membership;
  /** Tests every minute whether Redis can do everything that docrelay needs. */
  readonly selfTest: SelfTest;
  readonly report: AskReport;
  /** Writes the spans of traces; undefined if no OpenTelemetry collector is set. */
  readonly tracing: Tracing | undefined;
  /** Aborted when the process begins to stop; from then on no new work begins. */
  readonly stopping: AbortController;
  /** Aborted when `WORKER_GRACE_MS` are over: then running work is handed back. */
  readonly leaving: AbortController;
  /** Opens a connection to Redis, which `life` closes when the process ends. */
  connect(purpose: RedisConnectionOptions["purpose"], name: string): RedisClient;
}

const CLOSE_STEP_MS = 3000;
const REDIS_WAIT_MS = 30_000;

/**
 * Connects to Redis and the blob store. @throws ChannelError `setting` when `BLOB_STORE` cannot be used or the Redis
 * user lacks a right, `key` when a key is missing in `DATA_KEY`; PlatformError when Redis does not respond for half a
 * minute, or cannot be used.
 */
export async function openResources(config: Config, log: Logger): Promise<Resources> {
  const openBlobs = await prepareBlobStore(config.BLOB_STORE, s3PlaceOf(config));
  const life = createLifecycle(CLOSE_STEP_MS);
  const metrics = createMetrics();
  const tracing = await openWorkerTracing(config, log, life);
  const report = createAskReport(log, metrics, tracing);
  const open = <T extends { disconnect(): void }>(name: string, connection: T): T => {
    life.add(`redis ${name}`, () => connection.disconnect());
    return connection;
  };
  const optionsOf = (name: string): Pick<RedisConnectionOptions, "server" | "name" | "onError"> => ({
    server: config.redis,
    name: `docrelay-worker-${name}`,
    onError: (error) => report.error("redis", error),
  });
  const connect: Resources["connect"] = (purpose, name) => {
    const commandTimeoutMs = config.WORKER_REDIS_TIMEOUT_MS;
    return open(name, connectRedis({ ...optionsOf(name), purpose, commandTimeoutMs }));
  };
  const redis = connect("command", "command");
  loadScripts(redis);
  const store = storeOf(config, redis, connect);
  const closing = async (error: unknown): Promise<never> => {
    await life.close();
    throw error;
  };
  await checkRedis(config, log, store).catch(closing);
  const producer = createProducer({ connection: connect("command", "producer"), shards: config.QUEUE_SHARDS });
  life.add("producer", () => producer[Symbol.asyncDispose]());
  const subscriber: RedisSubscriber = open("hints", connectSubscriber(optionsOf("hints")));
  const selfTest = await openSelfTest(
    { redis, subscriber, id: randomUUID(), roles: [...config.WORKER_ROLES] },
    (error) => report.error("self-test", error),
  ).catch(closing);
  life.add("self-test", () => selfTest[Symbol.dispose]());
  const roster = createRoster();
  const membership = createMembership({ redis, subscriber, roster, onError: (error) => report.error("beat", error) });
  life.add("membership", () => membership[Symbol.asyncDispose]());
  return {
    config,
    log,
    metrics,
    life,
    redis,
    store,
    producer,
    subscriber,
    bell: createBell(redis, roster, { beats: 2 }),
    membership,
    selfTest,
    report,
    tracing,
    connect,
    blobs: openBlobs(store),
    stopping: new AbortController(),
    leaving: new AbortController(),
  };
}

function openWorkerTracing(config: Config, log: Logger, life: Lifecycle): Promise<Tracing | undefined> {
  return openTracing(config, {
    service: `docrelay-${[...config.WORKER_ROLES].join("-")}`,
    node: randomBytes(6).toString("hex"),
    life,
    onTrouble: (reason, repeated) => log.warn({ reason, repeated }, "traces are not taken"),
  });
}

function storeOf(config: Config, redis: RedisClient, connect: Resources["connect"]): Store {
  return {
    redis,
    retentionMs: config.RETENTION_MS,
    askDeadlineMs: config.ASK_DEADLINE_MS,
    maxEvents: config.MAX_CONVERSATION_EVENTS,
    maxBytes: config.MAX_CONVERSATION_BYTES,
    replicas:
      config.DURABILITY === "replicated"
        ? openReplicas(connect("command", "replicas"), config.WORKER_REDIS_TIMEOUT_MS)
        : undefined,
    sealing: createSealing(config.DATA_KEY),
  };
}

/** @throws ChannelError, PlatformError: see {@link openResources} */
async function checkRedis(config: Config, log: Logger, store: Store): Promise<void> {
  const facts = await inspectRedis(store.redis, REDIS_WAIT_MS, config.DURABILITY);
  for (const warning of facts.warnings) log.warn({ warning }, "redis may lose data");
  // Reads a stored secret, so that a worker whose `DATA_KEY` lacks a key fails at its start, not at a user's request.
  // If the worker has a Redis user of its own, the secret is not read: the Redis users that deploy/redis defines for
  // workers may not read it.
  if (!hasOwnUser(config.redis)) await untilReply(() => readSecret(store), REDIS_WAIT_MS);
}

function hasOwnUser({ url, username }: RedisServer): boolean {
  return username !== undefined || (url?.startsWith("redis") === true && new URL(url).username !== "");
}
