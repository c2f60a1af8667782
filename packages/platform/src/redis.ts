import { Redis, type RedisOptions } from "ioredis";
import { credentials, openCluster } from "./cluster/cluster-client.ts";
import { ClusterSubscriber } from "./cluster/cluster-subscriber.ts";
import type { RedisClient } from "./cluster/masters.ts";
import { NodeConnector } from "./cluster/node-connector.ts";
import type { RedisServer } from "./redis-settings.ts";
import { MasterConnector } from "./sentinel/master-connector.ts";

export { mastersOf, pingRedis, type RedisClient } from "./cluster/masters.ts";

/** A server that is not a cluster. */
export type SingleServer = RedisServer & { readonly cluster?: undefined };

export interface RedisConnectionOptions<S extends RedisServer = RedisServer> {
  readonly server: S;
  /**
   * `command`: a command ends within `commandTimeoutMs`; after a timeout its outcome is unknown, so commands must be
   * idempotent. `blocking`: commands have no timeout, as BullMQ's blocking reads need.
   */
  readonly purpose: "command" | "blocking";
  /** The name of the connection in Redis's client list. */
  readonly name: string;
  readonly commandTimeoutMs?: number;
  /**
   * What happens to a command without a connection. `true`, the default: it waits for the connection. `false`: it fails
   * at once.
   */
  readonly offlineQueue?: boolean;
  readonly onError: (error: Error) => void;
}

const MAX_RETRY_MS = 1000;
const COMMAND_MS = 2000;

type Options = Omit<RedisOptions, "replyMapping">;

/**
 * The same formula as `backoff` in packages/protocol. It is repeated here because this package depends on no other one.
 */
const retryStrategy = (times: number): number =>
  Math.min(50 * 2 ** Math.min(times, 10), MAX_RETRY_MS) * (0.5 + Math.random() / 2);

/**
 * Opens a connection that reconnects for ever, after random waits that grow; for a cluster, a connection to each
 * master. `onError` gets its errors, so that none is unhandled.
 */
export function connectRedis(options: RedisConnectionOptions<SingleServer>): Redis;
export function connectRedis(options: RedisConnectionOptions): RedisClient;
export function connectRedis(options: RedisConnectionOptions): RedisClient {
  const { server, purpose, name, onError, commandTimeoutMs = COMMAND_MS, offlineQueue = true } = options;
  if (!server.cluster) return connectTo(server, { ...common(name), ...byPurpose(options) }, onError);
  return openCluster(server, {
    retryStrategy,
    commandTimeoutMs: purpose === "command" ? commandTimeoutMs : undefined,
    offlineQueue: purpose === "command" ? offlineQueue : true,
    node: { ...cleanOf(common(name)), ...(purpose === "blocking" && { maxRetriesPerRequest: null }) },
    onNode: patch,
    onError,
  });
}

type SubscriberOptions<S extends RedisServer = RedisServer> = Pick<
  RedisConnectionOptions<S>,
  "server" | "name" | "onError"
>;

/**
 * Opens a connection for subscriptions. After each reconnect it subscribes again. Otherwise it is like {@link
 * connectRedis}.
 */
export function connectSubscriber(options: SubscriberOptions<SingleServer>): Redis;
export function connectSubscriber(options: SubscriberOptions): Redis | ClusterSubscriber;
export function connectSubscriber({ server, name, onError }: SubscriberOptions): Redis | ClusterSubscriber {
  if (!server.cluster) {
    const redis = connectTo(server, { ...common(name), ...FOR_EVER, autoResubscribe: true }, onError);
    keepSubscriptions(redis);
    return redis;
  }
  return new ClusterSubscriber({
    slots: openCluster(server, {
      retryStrategy,
      offlineQueue: true,
      node: cleanOf(common(name)),
      onNode: () => undefined,
      onError,
    }),
    connect: ({ host, port }) => {
      const options: Options = {
        ...common(name),
        ...FOR_EVER,
        ...credentials(server),
        Connector: NodeConnector,
        autoResubscribe: false,
        host,
        port,
      };
      const redis = new Redis(options);
      redis.on("error", onError);
      patch(redis);
      keepSubscriptions(redis);
      return redis;
    },
  });
}

const FOR_EVER: Options = { maxRetriesPerRequest: null };

function common(name: string): Options {
  return {
    connectionName: name,
    connectTimeout: 2000,
    retryStrategy,
    // A former master replies READONLY. A new connection may reach the new master.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
  };
}

/**
 * Removes the options by which ioredis reconnects: a connection to a node of a cluster is opened again only after the
 * slots were read again.
 */
function cleanOf({ retryStrategy: _retry, reconnectOnError: _reconnect, ...rest }: Options): Options {
  return rest;
}

function connectTo(server: RedisServer, options: Options, onError: (error: Error) => void): Redis {
  const redis = open(server, options);
  redis.on("error", onError);
  patch(redis);
  return redis;
}

function patch(redis: Redis): void {
  corkPerTurn(redis);
  hearAllErrors(redis);
}

/**
 * Patches one property of ioredis, `stream`, so that a socket may report more than one error. ioredis listens to the
 * first one only. A TLS server may send an alert after the client has refused the server's certificate: without the
 * patch, this second error is an uncaught exception, which ends the process.
 */
function hearAllErrors(redis: Redis): void {
  const connection = redis as unknown as { stream: Stream | undefined };
  let { stream } = connection;
  const hear = (socket: Stream | undefined): void => void socket?.on("error", () => undefined);
  hear(stream);
  Object.defineProperty(connection, "stream", {
    get: () => stream,
    set(next: Stream | undefined) {
      if (next !== stream) hear(next);
      stream = next;
    },
  });
}
type Stream = Redis["stream"];

/**
 * Patches one method of ioredis, `sendCommand`, so that all commands of one turn of the event loop reach the socket in
 * one system call, at the end of the turn's poll phase; ioredis makes one call for each command. A turn handles every
 * socket that had something to read, so under load Redis reads, syncs to its log and answers many commands at once.
 * `redis.redis.test.ts` tests the effect, and fails with an ioredis in which the effect is lost.
 *
 * ioredis's own `enableAutoPipelining` was measured against it (Redis 7.0 with appendfsync everysec, scripts and plain
 * commands 1:2, medians of six runs in alternating order on two busy cores). CPU per command of this process / of
 * Redis, and the median latency:
 *
 * | concurrent | neither | this | enableAutoPipelining |
 * |---|---|---|---|
 * | 1 | 226 / 67 µs, 0.2 ms | 207 / 57 µs, 0.1 ms | 516 / 133 µs, 0.5 ms |
 * | 16 | 95 / 29 µs, 3.1 ms | 48 / 11 µs, 0.6 ms | 100 / 22 µs, 7.4 ms |
 * | 256 | 54 / 14 µs, 72 ms | 45 / 8 µs, 69 ms | 60 / 9 µs, 122 ms |
 *
 * `enableAutoPipelining` keeps only one pipeline on its way at a time, so that a command waits for the replies to all
 * earlier commands. It also lets a pipeline or a `MULTI` of the caller overtake commands that were sent before. With
 * this patch the order of sending is kept.
 */
function corkPerTurn(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  let corked: object | undefined;
  const sendCommand: typeof send = (...args) => {
    const { stream } = redis;
    if (stream && stream !== corked) {
      corked = stream;
      stream.cork();
      setImmediate(() => {
        if (corked === stream) corked = undefined;
        stream.uncork();
      });
    }
    return send(...args);
  };
  Object.assign(redis, { sendCommand });
}

/** ioredis's own state of a connection: the channels that it is subscribed to, or false when it has no subscription. */
interface Condition {
  subscriber: false | { isEmpty(): boolean };
}

/**
 * Patches a property of an ioredis connection, so that it keeps all subscriptions that were not ended. Redis counts
 * sharded and plain channels separately: the reply to the last SUNSUBSCRIBE is 0 although plain channels are left, and
 * the reply to the last UNSUBSCRIBE is 0 although sharded ones are. ioredis 6.0.0 takes either 0 for the end of all
 * subscriptions. Then it drops messages without an error, and does not subscribe again after a reconnect
 * (redis/ioredis#2196). A test fails if the patch loses its effect.
 */
function keepSubscriptions(redis: Redis): void {
  const connection = redis as unknown as { condition?: Condition };
  let condition = kept(connection.condition);
  // ioredis makes a new condition object with each connection, so each one is patched when it is set.
  Object.defineProperty(connection, "condition", {
    get: () => condition,
    set(next: Condition | undefined) {
      condition = kept(next);
    },
  });
}

function kept(condition: Condition | undefined): Condition | undefined {
  if (!condition) return undefined;
  let { subscriber } = condition;
  return Object.defineProperty(condition, "subscriber", {
    get: () => subscriber,
    set(next: Condition["subscriber"]) {
      // ioredis has already removed the channel whose subscription has ended from the set. If the set is not empty,
      // other subscriptions remain.
      if (next || !subscriber || subscriber.isEmpty()) subscriber = next;
    },
  });
}

function byPurpose(options: RedisConnectionOptions): Options {
  if (options.purpose === "command") {
    return {
      commandTimeout: options.commandTimeoutMs ?? COMMAND_MS,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: options.offlineQueue ?? true,
    };
  }
  return FOR_EVER;
}

function open(server: RedisServer, options: Options): Redis {
  const { url, sentinel, tls } = server;
  const { tls: _tls, ...user } = credentials(server);
  const as: Options = { ...options, ...user };
  if (sentinel) {
    return new Redis({
      ...as,
      Connector: MasterConnector,
      sentinels: [...sentinel.servers],
      name: sentinel.name,
      // The first waits are short, so that the sentinels are asked again soon after a failover.
      sentinelRetryStrategy: (times) => Math.min(50 * 2 ** times, MAX_RETRY_MS),
      ...(sentinel.username !== undefined && { sentinelUsername: sentinel.username }),
      ...(sentinel.password !== undefined && { sentinelPassword: sentinel.password }),
      ...(tls && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    });
  }
  if (url === undefined) throw new Error("a Redis without an address");
  if (url.startsWith("unix:")) return new Redis({ ...as, path: url.slice("unix:".length) });
  // If the URL has `rediss:`, ioredis ignores the certificates in `tls`. With `redis:` and `tls` it uses TLS and them.
  return tls ? new Redis(url.replace(/^rediss:/, "redis:"), { ...as, tls }) : new Redis(url, as);
}
