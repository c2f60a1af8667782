import { Cluster, type ClusterOptions, type Redis, type RedisOptions } from "ioredis";
import type { RedisServer } from "../redis-settings.ts";

/** How long asking one node for the slots may take: 1 s, the library's own, is too short on a busy machine. */
const SLOTS_TIMEOUT_MS = 3000;
/** How often the slots are read again without a reason. A slot that has moved is noticed at once. */
const SLOTS_EVERY_MS = 5000;
/** A slot moves in less than a second; a replica takes over in several. */
const MOVING_MS = 50;
const FAILOVER_MS = 100;
/**
 * A command that is told to try again goes to any node first, and may be redirected twice each time. The timeout of the
 * command ends that, not this number: the library's 16 are over in less than a second while a slot moves.
 */
const MAX_REDIRECTIONS = 1000;

export interface ClusterConnectionOptions {
  readonly retryStrategy: (times: number) => number;
  /** Undefined: commands wait for ever. */
  readonly commandTimeoutMs?: number | undefined;
  readonly offlineQueue: boolean;
  readonly node: Omit<RedisOptions, "replyMapping">;
  /** Called with the connection to each node, before it is opened. */
  onNode(redis: Redis): void;
  onError(error: Error): void;
}

/**
 * Commands of a cluster. A command goes to the node of its keys, follows MOVED and ASK, and waits while a slot moves
 * (TRYAGAIN) or its master is being replaced, for no longer than `commandTimeoutMs` in all.
 */
export function openCluster(server: RedisServer, options: ClusterConnectionOptions): Cluster {
  const { retryStrategy, commandTimeoutMs, offlineQueue, node, onNode, onError } = options;
  const settings = {
    clusterRetryStrategy: retryStrategy,
    enableOfflineQueue: offlineQueue,
    slotsRefreshTimeout: SLOTS_TIMEOUT_MS,
    slotsRefreshInterval: SLOTS_EVERY_MS,
    retryDelayOnFailover: FAILOVER_MS,
    retryDelayOnClusterDown: FAILOVER_MS,
    retryDelayOnTryAgain: MOVING_MS,
    maxRedirections: MAX_REDIRECTIONS,
    // By name, so that certificates fit, and at each connect anew.
    dnsLookup: (address: string, callback: (error: null, address: string) => void) => callback(null, address),
    redisOptions: {
      ...node,
      ...credentials(server),
      ...(commandTimeoutMs !== undefined && { commandTimeout: commandTimeoutMs }),
    },
  } satisfies ClusterOptions;
  const cluster = new Cluster([...(server.cluster?.seeds ?? [])], settings);
  cluster.on("+node", (redis: Redis) => {
    onNode(redis);
    // Otherwise the first command would wait for the connection, and a script's text would be sent after it.
    if (redis.status === "wait" && !redis.options.readOnly) redis.connect().catch(() => undefined);
  });
  cluster.on("error", (error) => onError(reasonOf(error)));
  cluster.on("node error", onError);
  if (commandTimeoutMs !== undefined) limitWaiting(cluster, commandTimeoutMs);
  return cluster;
}

/** The user name, the password and the certificates, which are the same for all nodes. */
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

/** Nodes begin to count when they are sent a command; one that waits for the cluster itself would wait for ever. */
function limitWaiting(cluster: Cluster, ms: number): void {
  const send = cluster.sendCommand.bind(cluster);
  const sendCommand: typeof send = (command, ...more) => {
    command.setTimeout(ms);
    return send(command, ...more);
  };
  Object.assign(cluster, { sendCommand });
}

/** Why none of the nodes could say where the slots are. */
export function reasonOf(error: unknown): Error {
  const last = (error as { lastNodeError?: unknown } | null)?.lastNodeError;
  if (last instanceof Error) return last;
  return error instanceof Error ? error : new Error(String(error));
}
