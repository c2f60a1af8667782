import { createHash, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";

/** Where and for how long things are kept. `redis` is a command connection; its errors and timeouts pass through. */
export interface Store {
  readonly redis: Redis;
  /** How long a conversation is kept after its last event, in ms. */
  readonly retentionMs: number;
  /** From acceptance to `ASK_EXPIRED`, in ms. */
  readonly askDeadlineMs: number;
  /** Most events a conversation keeps (default 5,000) … */
  readonly maxEvents?: number;
  /** … and most bytes of them (default 8 MB). Events of unfinished asks are kept beyond both. */
  readonly maxBytes?: number;
}

/**
 * `hole`, `wrong-answer`: what is stored is not what this code wrote. `io`: the disk of the blobs does not serve, and
 * may do so later. `setting`: a process cannot start with it; the message is for its operator.
 */
export class ChannelError extends Error {
  override readonly name = "ChannelError";
  readonly kind: "hole" | "wrong-answer" | "io" | "setting";
  constructor(kind: ChannelError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Records with a higher version are left alone: a newer worker wrote them during a roll. */
export const SUPPORTED_RECORD_VERSION = 1;

/**
 * A random event nonce; the same one goes with every re-send of a write. There are several in each reply: a UUID comes
 * from random bytes that Node keeps in store, where nine bytes of its own cost a system call.
 */
export const newNonce = (): string => randomUUID();
/** A random owner token, one per try at an ask. */
export const newOwner = newNonce;

export interface Script {
  readonly lua: string;
  readonly sha: string;
}
const scripts: Script[] = [];
export function script(lua: string): Script {
  const made = { lua, sha: createHash("sha1").update(lua).digest("hex") };
  scripts.push(made);
  return made;
}

/**
 * Lets Redis know all scripts before anything else is sent, at each connect: a restart empties its script cache. One that
 * it does not know is sent twice, and then what was sent behind it comes before it.
 */
export function loadScripts(redis: Redis): void {
  const load = (): void => {
    const pipeline = redis.pipeline();
    for (const { lua } of scripts) pipeline.script("LOAD", lua);
    pipeline.exec().catch(() => undefined); // run() sends the text of a script that is missing
  };
  if (redis.status === "ready") load();
  redis.on("ready", load);
}

export type Reply = [status: string, ...rest: Array<string | number | null>];

/** Runs a script by its hash, and by its text where Redis does not know it. */
export async function run(
  redis: Redis,
  { lua, sha }: Script,
  keys: string[],
  args: Array<string | number>,
): Promise<Reply> {
  try {
    return (await redis.evalsha(sha, keys.length, ...keys, ...args)) as Reply;
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return (await redis.eval(lua, keys.length, ...keys, ...args)) as Reply;
  }
}

export function wrongAnswer(step: string, reply: Reply): ChannelError {
  return new ChannelError("wrong-answer", `${step} answered ${String(reply[0])}`);
}

/** The clock that all processes share, in ms. */
export async function redisTime(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
