import type { RedisClient } from "./client.ts";
import { randomUUID } from "node:crypto";
import { ChannelError } from "../channel-error.ts";
import { createSealing, type Sealing } from "../sealing/sealing.ts";
import type { Replicas } from "./replicas.ts";
import type { Reply } from "./script.ts";

export { ChannelError };

/**
 * The database and how long data are kept in it. `redis` is a connection for commands; its errors and timeouts are
 * passed on.
 */
export interface Store {
  readonly redis: RedisClient;
  /** How long a conversation is kept after its last event, in ms. */
  readonly retentionMs: number;
  /** The time from acceptance until the ask ends as `ASK_EXPIRED`, in ms. */
  readonly askDeadlineMs: number;
  /** The most events a conversation keeps (default 5,000). Events of unfinished asks are kept beyond this. */
  readonly maxEvents?: number;
  /** The most bytes of events a conversation keeps (default 8 MB). Events of unfinished asks are kept beyond this. */
  readonly maxBytes?: number;
  /**
   * Replicas that must have a write before it is acknowledged or an ask ends. Without it, the master alone is enough.
   */
  readonly replicas?: Replicas | undefined;
  /** Encrypts what is stored; without it nothing is encrypted. */
  readonly sealing?: Sealing;
}

const PLAIN = createSealing();
export const sealingOf = ({ sealing = PLAIN }: Pick<Store, "sealing">): Sealing => sealing;

/**
 * The highest record version that this release runs. In a rolling update, records of a higher version are left to newer
 * workers.
 */
export const SUPPORTED_RECORD_VERSION = 1;

/**
 * A random event nonce. Every retry of a write carries the same nonce. An answer needs many nonces, and randomUUID is
 * cheaper: it uses random bytes that Node has buffered, while randomBytes makes a system call each time.
 */
export const newNonce = (): string => randomUUID();
/** A random name of a worker process; each start gives another name. */
export const newWorkerName = (): string => randomUUID();
/**
 * A random owner token of one turn. It begins with the worker's name: another worker takes the ask only when that
 * worker is gone.
 */
export const newOwner = (worker = newWorkerName()): string => `${worker}/${randomUUID()}`;
/** The worker of an owner token; undefined for a token of release 0.1. */
export const workerOf = (owner: string): string | undefined => /^(.+)\//.exec(owner)?.[1];

/** The error for an unknown status in a step's reply. */
export function wrongAnswer(step: string, reply: Reply): ChannelError {
  return new ChannelError("wrong-answer", `${step} returned ${String(reply[0])}`);
}

/** The clock that all processes share, in ms. */
export async function redisTime(redis: RedisClient): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
