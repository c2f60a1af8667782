import {
  BEAT_CHANNEL,
  DELETED_CHANNEL,
  BEAT_MS,
  countUnfinished,
  createBell,
  createFanOut,
  createHints,
  createRoster,
  createSealing,
  createUserHints,
  hearBeats,
  loadScripts,
  onBack,
  openReplicas,
  openSelfTest,
  prepareBlobStore,
  readSecret,
  REVOKED_CHANNEL,
  type Bell,
  type BlobStore,
  type FanOut,
  type Hint,
  type Listening,
  type Roster,
  type SelfTest,
  type Store,
  type UserHint,
  type RedisClient,
  type RedisSubscriber,
} from "@docrelay/channel";
import { createProducer, type Producer } from "@docrelay/jobs";
import {
  connectRedis,
  connectSubscriber,
  createLifecycle,
  inspectRedis,
  logAtMostOnceASecond,
  mastersOf,
  type Lifecycle,
  type Logger,
  openTracing,
  untilReply,
  within,
  s3PlaceOf,
  type Tracing,
  type RedisConnectionOptions,
} from "@docrelay/platform";
import { randomBytes } from "node:crypto";
import type { Authenticator } from "./auth/authenticator.ts";
import { createAcknowledged, type Acknowledged } from "./asks/acknowledged.ts";
import { openAuthenticator, type Accounts } from "./auth/open-authenticator.ts";
import type { Revocations } from "./auth/revocations.ts";
import type { Config } from "./config.ts";
import { keepInRedis, type KeptInRedis } from "./auth/keep-in-redis.ts";
import { createConnections, type Connections } from "./limits/connections.ts";
import { createSharedSettings, type SharedSettings } from "./uploads/shared-settings.ts";
import { createMemoryGate, type MemoryGate } from "./limits/memory-gate.ts";
import { createNetworks, type Networks } from "./limits/networks.ts";
import { createTenants, type Tenants } from "./limits/tenants.ts";
import { createQuotaSettings, loggedField, type QuotaSettings } from "./quotas/quota-settings.ts";
import { createQueueGate, type QueueGate } from "./limits/queue-gate.ts";
import { watchSubscriptions, type Subscriptions } from "./conversation/subscriptions.ts";

/** An edge's connections to Redis, and the state that it shares with other edges through Redis. */
export interface Resources {
  readonly node: string;
  readonly life: Lifecycle;
  readonly redis: RedisClient;
  /** The adapter's connection: receives the published events of all rooms. */
  readonly subscriber: RedisSubscriber;
  readonly subscriptions: Subscriptions;
  /** Receives published events for plain sockets, on a connection of its own. */
  readonly fanOut: FanOut;
  /** Receives hints about uploads and texts, on the connection of `fanOut`. */
  readonly hints: Listening<Hint>;
  /** Receives what connections of a user tell each other, on the same connection. */
  readonly userHints: Listening<UserHint>;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly producer: Producer;
  readonly bell: Bell;
  /** The workers that are alive, as far as this edge hears. */
  readonly roster: Roster;
  /** Whether Redis does all that the work needs, tried every minute. */
  readonly selfTest: SelfTest;
  /** Asks that were acknowledged lately; those that a failover loses are logged. */
  readonly acknowledged: Acknowledged & { readonly lost: number };
  readonly sharedSettings: SharedSettings;
  /** Sets again what Redis loses of what the edges share. */
  readonly keptInRedis: KeptInRedis;
  readonly authenticator: Authenticator;
  readonly revocations: Revocations;
  /** Undefined where the page does not sign in. */
  readonly accounts: Accounts | undefined;
  readonly connections: Connections;
  readonly queueGate: QueueGate;
  readonly memoryGate: MemoryGate;
  /** `connections` undefined: those of networks are not counted. */
  readonly byNetwork: { readonly networks: Networks; readonly connections: Connections | undefined };
  /** `connections` undefined: those of tenants are not counted. */
  readonly byTenant: { readonly tenants: Tenants; readonly connections: Connections | undefined };
  readonly quotaSettings: QuotaSettings;
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
  /** Logs an error from which the process recovers by itself, at most once a second. */
  onTrouble(error: unknown): void;
}

const CLOSE_STEP_MS = 2000;
const REDIS_WAIT_MS = 30_000;

/**
 * Connects. @throws ChannelError `setting` when `BLOB_STORE` cannot be used or a right of Redis is missing, `key` when
 * `DATA_KEY` lacks one; PlatformError when Redis does not respond for half a minute, or cannot be used.
 */
export async function openResources(config: Config, log: Logger): Promise<Resources> {
  const openBlobs = await prepareBlobStore(config.BLOB_STORE, s3PlaceOf(config));
  const life = createLifecycle(CLOSE_STEP_MS);
  const node = randomBytes(6).toString("hex");
  const logTrouble = logAtMostOnceASecond((_what, error, repeated) => {
    log.warn(
      { repeated, reason: error instanceof Error ? error.message : String(error) },
      "Redis or the blob store failed",
    );
  });
  const onTrouble = (error: unknown): void => logTrouble("store", error);
  const tracing = await openTracing(config, {
    service: "docrelay-edge",
    node,
    life,
    onTrouble: (reason, repeated) => log.warn({ reason, repeated }, "traces are not taken"),
  });
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
  // Only this connection waits for Redis at the start; afterwards commands fail at once while Redis is unavailable.
  const first = connect("start", true);
  try {
    const facts = await inspectRedis(first, REDIS_WAIT_MS, config.DURABILITY);
    for (const warning of facts.warnings) log.warn({ warning }, "redis may lose data");
  } catch (error) {
    await life.close();
    throw error;
  }
  const redis = connect("command", false);
  const subscriber: RedisSubscriber = open("rooms", connectSubscriber(optionsOf("rooms")));
  const plainSubscriber: RedisSubscriber = open("plain", connectSubscriber(optionsOf("plain")));
  const replicas =
    config.DURABILITY === "replicated"
      ? openReplicas(connect("replicas", false), config.EDGE_REDIS_TIMEOUT_MS)
      : undefined;
  loadScripts(redis);
  let selfTest: SelfTest;
  try {
    await within(REDIS_WAIT_MS, () => Promise.all([redis, subscriber, plainSubscriber].map(isReady)));
    selfTest = await openSelfTest({ redis, subscriber: plainSubscriber, id: node, roles: ["edge"] }, (error) => {
      log.error({ reason: error instanceof Error ? error.message : String(error) }, "the self-test of Redis failed");
    });
  } catch (error) {
    await life.close();
    throw error;
  }

  life.add("self-test", () => selfTest[Symbol.dispose]());
  const store = {
    redis,
    retentionMs: config.RETENTION_MS,
    askDeadlineMs: config.ASK_DEADLINE_MS,
    maxEvents: config.MAX_CONVERSATION_EVENTS,
    maxBytes: config.MAX_CONVERSATION_BYTES,
    replicas,
    sealing: createSealing(config.DATA_KEY),
  };
  try {
    // A key that is missing is found here, not by a user.
    await untilReply(() => readSecret(store), REDIS_WAIT_MS);
  } catch (error) {
    await life.close();
    throw error;
  }
  const producer = createProducer({
    connection: redis,
    shards: config.QUEUE_SHARDS,
    timeoutMs: config.EDGE_REDIS_TIMEOUT_MS,
  });
  life.add("producer", () => producer[Symbol.asyncDispose]());
  const connections = createConnections({ redis, node, max: config.MAX_CONNECTIONS_PER_USER, onError: onTrouble });
  life.add("connections", () => connections[Symbol.asyncDispose]());
  const byTenant = openTenants(config, { redis, node, onTrouble });
  life.add("connections of tenants", () => byTenant.connections?.[Symbol.asyncDispose]());
  const byNetwork = openNetworks(config, { redis, node, onTrouble });
  life.add("connections of networks", () => byNetwork.connections?.[Symbol.asyncDispose]());
  const quotaSettings = createQuotaSettings({
    redis,
    onChange: (changes) => log.info({ changes }, "quotas changed"),
    onPause: (isPaused) => log.warn({ isPaused }, "the intake was paused or opened"),
    onUnknown: (fields) => log.warn({ fields: fields.map(loggedField) }, "quotas are not understood"),
    onTrouble,
  });
  life.add("quotas", () => quotaSettings[Symbol.dispose]());
  const queueGate = createQueueGate({
    max: config.MAX_QUEUED_ASKS,
    count: () => countUnfinished(store).then(({ sum }) => sum),
  });
  life.add("queue gate", () => queueGate[Symbol.dispose]());
  const memoryGate = createMemoryGate(() =>
    Promise.all(mastersOf(redis).map((master) => master.info("memory", "stats"))),
  );
  life.add("memory gate", () => memoryGate[Symbol.dispose]());
  const roster = createRoster();
  const ticking = setInterval(() => {
    roster.tick();
    roster.expire();
  }, BEAT_MS);
  life.add("roster", () => clearInterval(ticking));
  // A command may time out on a busy machine: that alone does not end a process that has just started.
  await hearBeats(plainSubscriber, roster, ({ unfinished }) => {
    if (unfinished !== undefined) queueGate.counted(unfinished);
  }).catch(() => untilReply(() => plainSubscriber.subscribe(BEAT_CHANNEL), REDIS_WAIT_MS));
  await untilReply(() => quotaSettings.look(), REDIS_WAIT_MS);
  const { authenticator, revocations, accounts, resync, restore } = await openAuthenticator(config, {
    store,
    subscriber: plainSubscriber,
    log,
    waitMs: REDIS_WAIT_MS,
  });
  const sharedSettings = createSharedSettings(store, { textScope: config.TEXT_SCOPE, tenantOf: byTenant.tenants.of });
  const subscriptions = watchSubscriptions(subscriber, onTrouble);
  const lookAgain = (): void => {
    sharedSettings.forget();
    resync().catch(onTrouble);
  };
  subscriptions.onResync(lookAgain);
  // It hears revocations, and its connection may be lost by itself.
  onBack(plainSubscriber, (channels) => void (channels?.has(REVOKED_CHANNEL) !== false && lookAgain()));
  const acknowledged = watchAcknowledged({ store, subscriber: plainSubscriber, log, onTrouble });
  const keptInRedis = keepInRedis([restore, sharedSettings.restore], {
    onRestored: () => log.warn({}, "Redis had lost what the edges share: it was set again"),
    onTrouble,
  });
  life.add("what is kept in Redis", () => keptInRedis[Symbol.dispose]());
  return {
    node,
    life,
    redis,
    subscriber,
    subscriptions,
    fanOut: createFanOut(plainSubscriber, store.sealing),
    hints: createHints(plainSubscriber),
    userHints: createUserHints(plainSubscriber),
    store,
    blobs: openBlobs(store),
    producer,
    bell: createBell(redis, roster),
    roster,
    selfTest,
    acknowledged,
    sharedSettings,
    keptInRedis,
    authenticator,
    revocations,
    accounts,
    connections,
    queueGate,
    memoryGate,
    byNetwork,
    byTenant,
    quotaSettings,
    tracing,
    onTrouble,
  };
}

function openTenants(
  { USERS_PER_TENANT: users, MAX_CONNECTIONS_PER_USER: each }: Config,
  { redis, node, onTrouble }: Pick<Resources, "redis" | "node" | "onTrouble">,
): Resources["byTenant"] {
  const counted = { redis, node: `${node}-tenants`, max: users * each, onError: onTrouble };
  return { tenants: createTenants(), connections: users > 0 ? createConnections(counted) : undefined };
}

function openNetworks(
  { USERS_PER_ADDRESS: users, MAX_CONNECTIONS_PER_USER: each }: Config,
  { redis, node, onTrouble }: Pick<Resources, "redis" | "node" | "onTrouble">,
): Resources["byNetwork"] {
  const counted = { redis, node: `${node}-networks`, max: users * each, onError: onTrouble };
  return { networks: createNetworks(), connections: users > 0 ? createConnections(counted) : undefined };
}

function isReady(redis: Pick<RedisSubscriber, "status" | "once">): Promise<void> {
  if (redis.status === "ready") return Promise.resolve();
  return new Promise((resolve) => redis.once("ready", () => resolve()));
}

/** Looks after each reconnect whether the Redis that is there now has what was acknowledged. */
function watchAcknowledged({
  store,
  subscriber,
  log,
  onTrouble,
}: Pick<Resources, "store" | "subscriber" | "onTrouble"> & { log: Logger }): Resources["acknowledged"] {
  let lost = 0;
  const acknowledged = createAcknowledged({
    store,
    onLost({ id: askId, conversation, trace }) {
      lost++;
      log.error({ askId, conversation, trace }, "an acknowledged ask was lost");
    },
  });
  const check = (): void => void untilReply(acknowledged.check, REDIS_WAIT_MS).catch(onTrouble);
  check();
  store.redis.on("ready", check);
  subscriber.on("message", (channel: string, message: string) => {
    if (channel === DELETED_CHANNEL) acknowledged.deleted(message);
  });
  subscriber.subscribe(DELETED_CHANNEL).catch(onTrouble);
  return {
    ...acknowledged,
    get lost() {
      return lost;
    },
  };
}
