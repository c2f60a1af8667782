import type { RedisClient } from "./client.ts";
import { randomUUID } from "node:crypto";
import { ChannelError } from "../channel-error.ts";
import { createSealing, type Sealing } from "../sealing/sealing.ts";
import type { Replicas } from "./replicas.ts";
import type { Reply } from "./script.ts";

export { ChannelError };

/**
 * The database, and how long data are kept in it. Functions of this package throw the errors and timeouts of `redis` as
 * they are.
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
   * Waits until replicas have the write of an acceptance or of an ask's end. If undefined, the master alone is enough.
   */
  readonly replicas?: Replicas | undefined;
  /** Encrypts what is stored. If undefined, nothing is encrypted. */
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
 * Makes a random nonce of an event. Every retry of a write carries the same nonce. randomUUID is used because an answer
 * needs many nonces: it takes random bytes that Node has buffered, while randomBytes makes a system call each time.
 */
export const newNonce = (): string => randomUUID();
/** Makes a random name for a worker process. Each start of a process gets a new name. */
export const newWorkerName = (): string => randomUUID();
/**
 * Makes a random owner token of one turn. It begins with the worker's name: another worker takes the ask only when that
 * worker is gone.
 */
export const newOwner = (worker = newWorkerName()): string => `${worker}/${randomUUID()}`;
/** Returns the name of the worker in an owner token; undefined for a token of release 0.1. */
export const workerOf = (owner: string): string | undefined => /^(.+)\//.exec(owner)?.[1];

/** Returns the error for an unknown status in a step's reply. */
export function wrongAnswer(step: string, reply: Reply): ChannelError {
  return new ChannelError("wrong-answer", `${step} returned ${String(reply[0])}`);
}

/** Returns the time of Redis in ms: the clock that all processes share. */
export async function redisTime(redis: RedisClient): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
