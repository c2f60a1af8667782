import type { RedisClient } from "./client.ts";
import { ChannelError } from "../channel-error.ts";
import { loadScripts } from "./script.ts";

/**
 * Makes writes and waits until replicas have them before they are acknowledged (`DURABILITY=replicated`). A failover
 * loses writes that no replica has, and an acknowledged write must not be lost.
 */
export interface Replicas {
  /**
   * Makes a write, and resolves with its reply once enough replicas have it.
   * @throws errors of the write; ChannelError `io` when the replicas do not confirm in time, or the connection changed
   * in between: then the write was made, but a failover may lose it. An idempotent write may be repeated.
   */
  confirmed<T>(write: (redis: RedisClient) => Promise<T>): Promise<T>;
}

export interface ReplicasOptions {
  /**
   * A connection only for writes that wait for replicas: while a connection waits for replicas, Redis replies to
   * nothing else on it.
   */
  readonly redis: RedisClient;
  readonly count?: number;
  readonly timeoutMs: number;
}

/**
 * The part of a command's timeout that WAIT may take, so that Redis reports a failed wait before the command times out.
 */
const PART_OF_DEADLINE = 0.7;

/**
 * Prepares a connection for confirmed writes: loads the scripts on it. `commandTimeoutMs`: the connection's command
 * timeout.
 */
export function openReplicas(redis: RedisClient, commandTimeoutMs: number): Replicas {
  loadScripts(redis);
  return createReplicas({ redis, timeoutMs: Math.floor(PART_OF_DEADLINE * commandTimeoutMs) });
}

/**
 * How many replicas must have a write. After a failure Sentinel promotes the replica with the most data, so one is
 * enough while that replica lives.
 */
const COUNT = 1;

export function createReplicas({ redis, count = COUNT, timeoutMs }: ReplicasOptions): Replicas {
  /**
   * Counts how often the connection closed. A WAIT after a reconnect may ask another master, whose replicas never had
   * the write.
   */
  let connection = 0;
  redis.on("close", () => connection++);
  let current: Promise<number> | undefined;
  let next: Promise<number> | undefined;

  function send(): Promise<number> {
    const sent = redis.wait(count, timeoutMs).finally(() => {
      if (current === sent) current = undefined;
    });
    return (current = sent);
  }

  /**
   * Only one WAIT runs at a time. A WAIT confirms all writes before it, so writes that arrive meanwhile share the next
   * WAIT.
   */
  function wait(): Promise<number> {
    if (!current) return send();
    next ??= current
      .catch(() => 0)
      .then(() => {
        next = undefined;
        return send();
      });
    return next;
  }

  return {
    async confirmed(write) {
      const reply = await write(redis);
      const at = connection;
      const having = await wait();
      if (having < count || at !== connection) throw new ChannelError("io", UNCONFIRMED);
      return reply;
    },
  };
}

const UNCONFIRMED = "No replica of Redis has confirmed the write in time: it may be lost in a failover";
