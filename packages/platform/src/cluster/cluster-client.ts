import { Cluster, type ClusterOptions, type Redis, type RedisOptions } from "ioredis";
import type { RedisServer } from "../redis-settings.ts";

/** How long a node may take to return the slots: the library's 1 s is too short on a busy machine. */
const SLOTS_TIMEOUT_MS = 3000;
/**
 * How often the slots are read again without a reason. A slot that has moved is noticed at once by the reply of its
 * node.
 */
const SLOTS_EVERY_MS = 5000;
/** The pause before a retry: a slot moves in less than a second, and a replica takes over in several. */
const MOVING_MS = 50;
const FAILOVER_MS = 100;
/**
 * The number of redirections is practically unbounded: the command's timeout ends them. A retried command goes to any
 * node first, and may be redirected twice each time; the library's default of 16 would be used up in less than a second
 * while a slot moves.
 */
const MAX_REDIRECTIONS = 1000;

export interface ClusterConnectionOptions {
  readonly retryStrategy: (times: number) => number;
  /** Undefined: commands wait without a limit. */
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
    // Nodes are connected to by their names, so that certificates fit; each connect resolves the name again.
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
    // Connects now: otherwise the first command would wait for the connection, and a script's text would be sent after
    // it.
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

/**
 * Adds a timeout to commands that wait for the cluster. The nodes' own timeouts begin only when a command is sent to a
 * node; without this one, a command that waits for the cluster itself would wait for ever.
 */
function limitWaiting(cluster: Cluster, ms: number): void {
  const send = cluster.sendCommand.bind(cluster);
  const sendCommand: typeof send = (command, ...more) => {
    command.setTimeout(ms);
    return send(command, ...more);
  };
  Object.assign(cluster, { sendCommand });
}

/** The reason why no node could return the slots. */
export function reasonOf(error: unknown): Error {
  const last = (error as { lastNodeError?: unknown } | null)?.lastNodeError;
  if (last instanceof Error) return last;
  return error instanceof Error ? error : new Error(String(error));
}
