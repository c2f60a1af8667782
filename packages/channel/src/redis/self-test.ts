import type { Redis } from "ioredis";
import { ChannelError } from "./store.ts";

export interface SelfTestDeps {
  readonly redis: Redis;
  readonly subscriber: Redis;
  /** Of this process: two that test at once do not hear each other. */
  readonly id: string;
}

/** One name for each kind of key that the work writes; `*` becomes the process's id. */
const KEYS = [
  "{s00}:*",
  "blob:{*}",
  "retain:{*}",
  "same:*",
  "text:*",
  "uses:*",
  "gone:*",
  "wait:*",
  "pw:*",
  "{blobs}:*",
  "secret:*",
  "edge:*",
  "sweep:*",
  "{bull}:*",
] as const;
/** One for each kind of channel: of rooms, and of everything else. */
const CHANNELS = ["socket.io#/#self-test:*#", "docrelay:self-test:*"] as const;

/** Writes, reads and deletes a key as the work does; it would expire by itself. */
const TRY_KEY = `redis.call('SET', KEYS[1], ARGV[1], 'PX', 60000)
local read = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return read`;
const TRY_CHANNEL = "return redis.call('SPUBLISH', ARGV[1], ARGV[2])";

const HEAR_MS = 2000;
const RIGHTS = /^(NOPERM|ERR The user executing the script can't)/;

/**
 * Does once what the work does all the time: scripts write, read and delete each kind of key, and what is published on
 * each kind of channel is heard. Nothing of it stays. @throws ChannelError `setting` when the user of Redis lacks a right:
 * the message names the keys or the channel; `io` when nothing is heard; errors of Redis as they are.
 */
export async function testRedis({ redis, subscriber, id }: SelfTestDeps): Promise<void> {
  for (const pattern of KEYS) {
    const key = pattern.replace("*", `self-test-${id}`);
    const read = await redis.eval(TRY_KEY, 1, key, id).catch((error: unknown) => {
      throw explain(error, `scripts on keys like ${pattern}`);
    });
    if (read !== id) throw new ChannelError("io", `Redis does not keep what is written to ${pattern}`);
  }
  for (const pattern of CHANNELS) await hear({ redis, subscriber, id }, pattern);
}

async function hear({ redis, subscriber, id }: SelfTestDeps, pattern: string): Promise<void> {
  const channel = pattern.replace("*", id);
  const what = `channels like ${pattern}`;
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  const listen = (from: string, message: string): void => {
    if (from === channel && message === id) resolve();
  };
  subscriber.on("smessage", listen);
  const deadline = AbortSignal.timeout(HEAR_MS);
  try {
    await subscriber.ssubscribe(channel);
    await redis.eval(TRY_CHANNEL, 0, channel, id);
    await Promise.race([heard, aborted(deadline)]);
  } catch (error) {
    throw explain(error, what);
  } finally {
    subscriber.off("smessage", listen);
    await subscriber.sunsubscribe(channel).catch(() => undefined);
  }
  if (deadline.aborted) throw new ChannelError("io", `What is published on ${what} is not heard within ${HEAR_MS} ms`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function explain(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || !RIGHTS.test(error.message)) return error;
  const message = `The user of Redis lacks rights for ${what}: ${error.message}`;
  return new ChannelError("setting", message, { cause: error });
}

const EVERY_MS = 60_000;

export interface SelfTest {
  /** Rejects with the reason while the last test failed. */
  check(): Promise<void>;
  [Symbol.dispose](): void;
}

/**
 * Runs {@link testRedis}, and again every minute and after each reconnect. A test that fails because Redis is away says
 * nothing new: the next one decides. `onError`: each failure. @throws ChannelError `setting`, of the first test only.
 */
export async function openSelfTest(deps: SelfTestDeps, onError: (error: unknown) => void): Promise<SelfTest> {
  let failure: ChannelError | undefined;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    try {
      await testRedis(deps);
      failure = undefined;
    } catch (error) {
      failure = error instanceof ChannelError ? error : undefined;
      onError(error);
    }
  };
  const test = (): void => void (running ??= run().finally(() => (running = undefined)));
  await run();
  if (failure?.kind === "setting") throw failure;
  const timer = setInterval(test, EVERY_MS);
  deps.redis.on("ready", test);
  return {
    check: async () => {
      if (failure) throw failure;
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      deps.redis.off("ready", test);
    },
  };
}
