import { Cluster, type ClusterOptions, type Redis, type RedisOptions } from "ioredis";
import type { RedisServer } from "../redis-settings.ts";
import { NodeConnector } from "./node-connector.ts";

/**
 * How many ms a node may take to return which node has which slots. The library's default of 1 s is too short on a busy
 * machine.
 */
const SLOTS_TIMEOUT_MS = 3000;
/**
 * How often, in ms, the slots are read even if nothing seems to have changed. If a slot has moved, the reply to the
 * next command shows that at once.
 */
const SLOTS_EVERY_MS = 5000;
/**
 * How many ms to wait before a command is retried while a slot moves, which takes less than a second. `FAILOVER_MS` is
 * the same while a replica takes over, which takes several seconds.
 */
const MOVING_MS = 50;
const FAILOVER_MS = 100;
/**
 * How many times a command may be redirected: so many that the command's timeout ends it first. Each retry goes to any
 * node first, and may be redirected twice. The library's default of 16 would be used up in less than a second while a
 * slot moves.
 */
const MAX_REDIRECTIONS = 1000;

export interface ClusterConnectionOptions {
  readonly retryStrategy: (times: number) => number;
  /** How many ms a command may take; undefined if any time is allowed. */
  readonly commandTimeoutMs?: number | undefined;
  readonly offlineQueue: boolean;
  readonly node: Omit<RedisOptions, "replyMapping">;
  /** Called with the connection to each node, before it is opened. */
  onNode(redis: Redis): void;
  onError(error: Error): void;
}

/**
 * Opens a connection for commands to a cluster. A command goes to the node of its keys and follows MOVED and ASK. While
 * a slot moves (TRYAGAIN) or its master is being replaced, the command waits, for at most `commandTimeoutMs` in all.
 */
export function openCluster(server: RedisServer, options: ClusterConnectionOptions): Cluster {
  const { retryStrategy, commandTimeoutMs, offlineQueue, node, onNode, onError } = options;
  const settings = {
    clusterRetryStrategy: retryStrategy,
    enableOfflineQueue: offlineQueue,
    // ioredis must not check the cluster's state when it connects. The state is `fail` while a master is away: ioredis
    // would then connect again, and the promise of `connect` would stay pending for ever. BullMQ, which waits for this
    // promise, would never read its queue again. Commands that the cluster refuses in this state (CLUSTERDOWN) wait and
    // are tried again.
    enableReadyCheck: false,
    slotsRefreshTimeout: SLOTS_TIMEOUT_MS,
    slotsRefreshInterval: SLOTS_EVERY_MS,
    retryDelayOnFailover: FAILOVER_MS,
    retryDelayOnClusterDown: FAILOVER_MS,
    retryDelayOnTryAgain: MOVING_MS,
    maxRedirections: MAX_REDIRECTIONS,
    // Connects to nodes by their names, because certificates name them; `NodeConnector` looks them up at each connect.
    dnsLookup: (address: string, callback: (error: null, address: string) => void) => callback(null, address),
    redisOptions: {
      ...node,
      Connector: NodeConnector,
      ...credentials(server),
      ...(commandTimeoutMs !== undefined && { commandTimeout: commandTimeoutMs }),
    },
  } satisfies ClusterOptions;
  const cluster = new Cluster([...(server.cluster?.seeds ?? [])], settings);
  cluster.on("+node", (redis: Redis) => {
    onNode(redis);
    // Connects now. Otherwise the first command would wait for the connection, and a script that Redis does not have
    // would be sent after later commands.
    if (redis.status === "wait" && !redis.options.readOnly) redis.connect().catch(() => undefined);
  });
  cluster.on("error", (error) => onError(reasonOf(error)));
  cluster.on("node error", onError);
  if (commandTimeoutMs !== undefined) limitWaiting(cluster, commandTimeoutMs);
  return cluster;
}

/** Returns the user name, the password and the certificates, which are the same for all nodes. */
export function credentials({
  username,
  password,
  tls,
}: RedisServer): Pick<RedisOptions, "username" | "password" | "tls"> {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
  };
}

/**
 * Adds a timeout to commands that wait until a node is known. The timeout of a node's connection begins only when the
 * command is sent to the node, so a command for which no node is known would wait for ever.
 */
function limitWaiting(cluster: Cluster, ms: number): void {
  const send = cluster.sendCommand.bind(cluster);
  const sendCommand: typeof send = (command, ...more) => {
    command.setTimeout(ms);
    return send(command, ...more);
  };
  Object.assign(cluster, { sendCommand });
}

/** Returns why no node could return the slots: the error of the node that was tried last. */
export function reasonOf(error: unknown): Error {
  const last = (error as { lastNodeError?: unknown } | null)?.lastNodeError;
  if (last instanceof Error) return last;
  return error instanceof Error ? error : new Error(String(error));
}
