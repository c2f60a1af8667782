import type { RedisClient } from "./client.ts";
import { randomUUID } from "node:crypto";
import { ChannelError } from "../channel-error.ts";
import { createSealing, type Sealing } from "../sealing/sealing.ts";
import type { Replicas } from "./replicas.ts";
import type { Reply } from "./script.ts";

export { ChannelError };

/** Where data is kept, and for how long. `redis` is a command connection; its errors and timeouts pass through. */
export interface Store {
  readonly redis: RedisClient;
  /** How long a conversation is kept after its last event, in ms. */
  readonly retentionMs: number;
  /** From acceptance to `ASK_EXPIRED`, in ms. */
  readonly askDeadlineMs: number;
  /** Most events a conversation keeps (default 5,000) … */
  readonly maxEvents?: number;
  /** … and most bytes of them (default 8 MB). Events of unfinished asks are kept beyond both. */
  readonly maxBytes?: number;
  /** What an acknowledgement or an end waits for; without it Redis alone is trusted. */
  readonly replicas?: Replicas | undefined;
  /** Encrypts what is stored; without it nothing is encrypted. */
  readonly sealing?: Sealing;
}

const PLAIN = createSealing();
export const sealingOf = ({ sealing = PLAIN }: Pick<Store, "sealing">): Sealing => sealing;

/** Records with a higher version are left alone: a newer worker wrote them during a rolling update. */
export const SUPPORTED_RECORD_VERSION = 1;

/**
 * A random event nonce; every retry of a write carries the same one. An answer needs many: randomUUID takes its bytes from
 * a buffer that Node fills at once, whereas randomBytes is a system call each time.
 */
export const newNonce = (): string => randomUUID();
/** A random name of a worker process, another one after each start. */
export const newWorkerName = (): string => randomUUID();
/** A random owner token, one per turn, which names its worker: another one takes an ask from it only when that is gone. */
export const newOwner = (worker = newWorkerName()): string => `${worker}/${randomUUID()}`;
/** The worker of an owner token; undefined for one of release 0.1. */
export const workerOf = (owner: string): string | undefined => /^(.+)\//.exec(owner)?.[1];

/** The error for a status that a step does not know. */
export function wrongAnswer(step: string, reply: Reply): ChannelError {
  return new ChannelError("wrong-answer", `${step} returned ${String(reply[0])}`);
}

/** The clock that all processes share, in ms. */
export async function redisTime(redis: RedisClient): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
