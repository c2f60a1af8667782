import type { RedisClient } from "./client.ts";
import { ChannelError } from "../channel-error.ts";
import { loadScripts } from "./script.ts";

/**
 * Replicas that have to have a write before it is acknowledged (`DURABILITY=replicated`): a failover loses what was not
 * replicated, and must not lose what was acknowledged.
 */
export interface Replicas {
  /**
   * Makes a write, and resolves with its reply when enough replicas have it. @throws errors of the write; ChannelError `io` when they do not say so
   * in time, or the connection changed in between: then the write is made, and may be lost. It is safe to make an idempotent one again.
   */
  confirmed<T>(write: (redis: RedisClient) => Promise<T>): Promise<T>;
}

export interface ReplicasOptions {
  /** Of its own: Redis answers nothing else on a connection that waits. */
  readonly redis: RedisClient;
  readonly count?: number;
  readonly timeoutMs: number;
}

/** Of the deadline of a command: Redis has to answer that it has waited in vain before the command is given up. */
const PART_OF_DEADLINE = 0.7;

/** Loads the scripts on a connection for confirmed writes, whose commands have a deadline of `commandTimeoutMs`. */
export function openReplicas(redis: RedisClient, commandTimeoutMs: number): Replicas {
  loadScripts(redis);
  return createReplicas({ redis, timeoutMs: Math.floor(PART_OF_DEADLINE * commandTimeoutMs) });
}

/** Sentinel makes that replica the master which has received most, so one is enough while it lives. */
const COUNT = 1;

export function createReplicas({ redis, count = COUNT, timeoutMs }: ReplicasOptions): Replicas {
  /** Counts connections: after a failover WAIT would count replicas of a master that never had the write. */
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

  /** One WAIT is sent at a time; it confirms all writes before it, so those that come meanwhile share the next one. */
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
