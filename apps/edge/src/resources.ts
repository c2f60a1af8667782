import {
  BEAT_CHANNEL,
  BEAT_MS,
  createBell,
  createFanOut,
  createHints,
  createRoster,
  createSealing,
  createUserHints,
  DELETED_CHANNEL,
  hearBeats,
  onBack,
  prepareBlobStore,
  readSecret,
  REVOKED_CHANNEL,
  type Bell,
  type BlobStore,
  type FanOut,
  type Hint,
  type Listening,
  type RedisClient,
  type RedisSubscriber,
  type Roster,
  type SelfTest,
  type Store,
  type UserHint,
} from "@docrelay/channel";
import { createProducer, type Producer } from "@docrelay/jobs";
import {
  createLifecycle,
  logAtMostOnceASecond,
  openTracing,
  s3PlaceOf,
  untilReply,
  type Lifecycle,
  type Logger,
  type Tracing,
} from "@docrelay/platform";
import { randomBytes } from "node:crypto";
import { createAcknowledged, type Acknowledged } from "./asks/acknowledged.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import { keepInRedis, type KeptInRedis } from "./auth/keep-in-redis.ts";
import { openAuthenticator, type Accounts } from "./auth/open-authenticator.ts";
import type { Revocations } from "./auth/revocations.ts";
import type { Config } from "./config.ts";
import { watchSubscriptions, type Subscriptions } from "./conversation/subscriptions.ts";
import type { QueueGate } from "./limits/queue-gate.ts";
import type { Tenants } from "./limits/tenants.ts";
import { openLimits, type EdgeLimits } from "./open-limits.ts";
import { openRedis, REDIS_WAIT_MS } from "./open-redis.ts";
import { createSharedSettings, type SharedSettings } from "./uploads/shared-settings.ts";

/** An edge's connections to Redis, and the state that it shares with other edges through Redis. */
export interface Resources extends EdgeLimits {
  readonly node: string;
  readonly life: Lifecycle;
  readonly redis: RedisClient;
  /** The Redis connection on which the Socket.IO adapter receives published events. */
  readonly subscriber: RedisSubscriber;
  readonly subscriptions: Subscriptions;
  /** Receives published events for plain sockets and HTTP streams, on another Redis connection than `subscriber`. */
  readonly fanOut: FanOut;
  /** Receives hints about uploads and texts, on the same Redis connection as `fanOut`. */
  readonly hints: Listening<Hint>;
  /**
   * Receives hints about what a user has done on other connections. They come over the same Redis connection as
   * `fanOut`.
   */
  readonly userHints: Listening<UserHint>;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly producer: Producer;
  readonly bell: Bell;
  /** The workers whose beats this edge has received lately. */
  readonly roster: Roster;
  /** Tests every minute whether Redis can do everything that docrelay needs. */
  readonly selfTest: SelfTest;
  /** The asks that this edge has acknowledged lately. Those that a failover loses are logged; `lost` counts them. */
  readonly acknowledged: Acknowledged & { readonly lost: number };
  readonly sharedSettings: SharedSettings;
  /** When Redis has lost state that edges share, stores this state again. */
  readonly keptInRedis: KeptInRedis;
  readonly authenticator: Authenticator;
  readonly revocations: Revocations;
  /** Issues sessions to users who have signed in through the page; undefined unless `AUTH_MODE` is `oidc`. */
  readonly accounts: Accounts | undefined;
  /** Writes the spans of traces; undefined if no OpenTelemetry collector is set. */
  readonly tracing: Tracing | undefined;
  /** Logs an error from which the process recovers by itself, at most once a second. */
  onTrouble(error: unknown): void;
}

const CLOSE_STEP_MS = 2000;

/**
 * Connects to Redis and the blob store. If this throws, nothing stays open. @throws ChannelError `setting` when
 * `BLOB_STORE` cannot be used or the Redis user lacks a right, `key` when a key is missing in `DATA_KEY`; PlatformError
 * when Redis does not respond for half a minute, or cannot be used.
 */
export async function openResources(config: Config, log: Logger): Promise<Resources> {
  const openBlobs = await prepareBlobStore(config.BLOB_STORE, s3PlaceOf(config));
  const life = createLifecycle(CLOSE_STEP_MS);
  try {
    return await openParts(config, { log, life, openBlobs });
  } catch (error) {
    await life.close();
    throw error;
  }
}

interface OpenDeps {
  readonly log: Logger;
  readonly life: Lifecycle;
  openBlobs(store: Store): BlobStore;
}

async function openParts(config: Config, { log, life, openBlobs }: OpenDeps): Promise<Resources> {
  const node = randomBytes(6).toString("hex");
  const onTrouble = troubleLog(log);
  const tracing = await openTracing(config, {
    service: "docrelay-edge",
    node,
    life,
    onTrouble: (reason, repeated) => log.warn({ reason, repeated }, "traces are not taken"),
  });
  const connected = await openRedis(config, { log, life, node, onTrouble });
  const { redis, subscriber, plainSubscriber, replicas, selfTest } = connected;
  const store = storeOf(config, redis, replicas);
  // Reads a stored secret: if `DATA_KEY` lacks a key, the edge fails at its start, not at a user's request.
  await untilReply(() => readSecret(store), REDIS_WAIT_MS);
  const producer = openProducer(config, redis, life);
  const limits = openLimits(config, { redis, node, onTrouble, log, life, store });
  const roster = await openRoster(plainSubscriber, life, limits.queueGate);
  await untilReply(() => limits.quotaSettings.look(), REDIS_WAIT_MS);
  const shared = await openShared(config, {
    store,
    log,
    life,
    onTrouble,
    tenants: limits.byTenant.tenants,
    subscriber,
    plainSubscriber,
  });
  return {
    node,
    life,
    redis,
    subscriber,
    subscriptions: shared.subscriptions,
    fanOut: createFanOut(plainSubscriber, store.sealing),
    hints: createHints(plainSubscriber),
    userHints: createUserHints(plainSubscriber),
    store,
    blobs: openBlobs(store),
    producer,
    bell: createBell(redis, roster),
    roster,
    selfTest,
    acknowledged: watchAcknowledged({ store, subscriber: plainSubscriber, log, onTrouble }),
    sharedSettings: shared.sharedSettings,
    keptInRedis: shared.keptInRedis,
    authenticator: shared.authenticator,
    revocations: shared.revocations,
    accounts: shared.accounts,
    connections: limits.connections,
    queueGate: limits.queueGate,
    memoryGate: limits.memoryGate,
    byNetwork: limits.byNetwork,
    byTenant: limits.byTenant,
    quotaSettings: limits.quotaSettings,
    tracing,
    onTrouble,
  };
}

function openProducer(config: Config, redis: RedisClient, life: Lifecycle): Producer {
  const timeoutMs = config.EDGE_REDIS_TIMEOUT_MS;
  const producer = createProducer({ connection: redis, shards: config.QUEUE_SHARDS, timeoutMs });
  life.add("producer", () => producer[Symbol.asyncDispose]());
  return producer;
}

function troubleLog(log: Logger): (error: unknown) => void {
  const logTrouble = logAtMostOnceASecond((_what, error, repeated) => {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ repeated, reason }, "Redis or the blob store failed");
  });
  return (error) => logTrouble("store", error);
}

function storeOf(config: Config, redis: RedisClient, replicas: Store["replicas"]): Resources["store"] {
  return {
    redis,
    retentionMs: config.RETENTION_MS,
    askDeadlineMs: config.ASK_DEADLINE_MS,
    maxEvents: config.MAX_CONVERSATION_EVENTS,
    maxBytes: config.MAX_CONVERSATION_BYTES,
    replicas,
    sealing: createSealing(config.DATA_KEY),
  };
}

/** Listens to the beats of workers. The sweeper's beats carry the number of unfinished asks. */
async function openRoster(subscriber: RedisSubscriber, life: Lifecycle, queueGate: QueueGate): Promise<Roster> {
  const roster = createRoster();
  const ticking = setInterval(() => {
    roster.tick();
    roster.expire();
  }, BEAT_MS);
  life.add("roster", () => clearInterval(ticking));
  // On a busy machine the command to subscribe may time out. A process that is starting must not end because of that,
  // so the command is retried.
  await hearBeats(subscriber, roster, ({ unfinished }) => {
    if (unfinished !== undefined) queueGate.counted(unfinished);
  }).catch(() => untilReply(() => subscriber.subscribe(BEAT_CHANNEL), REDIS_WAIT_MS));
  return roster;
}

type Shared = Pick<
  Resources,
  "subscriptions" | "sharedSettings" | "keptInRedis" | "authenticator" | "revocations" | "accounts"
>;
interface SharedDeps extends Pick<Resources, "store" | "life" | "onTrouble"> {
  readonly log: Logger;
  readonly tenants: Tenants;
  readonly subscriber: RedisSubscriber;
  readonly plainSubscriber: RedisSubscriber;
}

/**
 * Opens the state that all edges share: secrets, revocations and the profile of the extract workers. It is read again
 * after each reconnect.
 */
async function openShared(config: Config, deps: SharedDeps): Promise<Shared> {
  const { store, log, life, onTrouble, tenants, subscriber, plainSubscriber } = deps;
  const { authenticator, revocations, accounts, resync, restore } = await openAuthenticator(config, {
    store,
    subscriber: plainSubscriber,
    log,
    waitMs: REDIS_WAIT_MS,
  });
  const sharedSettings = createSharedSettings(store, { textScope: config.TEXT_SCOPE, tenantOf: tenants.of });
  const subscriptions = watchSubscriptions(subscriber, onTrouble);
  const lookAgain = (): void => {
    sharedSettings.forget();
    resync().catch(onTrouble);
  };
  subscriptions.onResync(lookAgain);
  // Revocations arrive over `plainSubscriber`, which may break while the other connections hold. So all shared state is
  // read again after a reconnect of `plainSubscriber`, too.
  onBack(plainSubscriber, (channels) => void (channels?.has(REVOKED_CHANNEL) !== false && lookAgain()));
  const keptInRedis = keepInRedis([restore, sharedSettings.restore], {
    onRestored: () => log.warn({}, "Redis had lost what the edges share: it was set again"),
    onTrouble,
  });
  life.add("what is kept in Redis", () => keptInRedis[Symbol.dispose]());
  return { subscriptions, sharedSettings, keptInRedis, authenticator, revocations, accounts };
}

/**
 * After each reconnect, checks whether Redis still has the asks that this edge has acknowledged, and logs those that
 * are lost.
 */
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
