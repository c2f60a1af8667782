import type { RedisClient, RedisSubscriber } from "./client.ts";
import { triesOf, type RedisRole } from "./rights.ts";
import { ChannelError } from "./store.ts";

export interface SelfTestDeps {
  readonly redis: RedisClient;
  readonly subscriber: RedisSubscriber;
  /** An id that only this process has, so that two processes that test at once do not receive each other's messages. */
  readonly id: string;
  /** Only the keys and channels of these roles are tried. */
  readonly roles: readonly RedisRole[];
}

const HEAR_MS = 2000;
const RIGHTS = /^(NOPERM|ERR The user executing the script can't)/;

/**
 * Tries everything that the roles do with Redis: a script for each kind of key, and a message on each kind of channel.
 * Leaves nothing behind. @throws ChannelError `setting` when the Redis user lacks a right (the error's text names the
 * keys or the channel); `io` when a published message does not arrive or Redis does not keep what is written; errors of
 * Redis unchanged.
 */
export async function testRedis(deps: SelfTestDeps): Promise<void> {
  const { redis, subscriber, id, roles } = deps;
  const { keys, hears, tells, subscribes } = triesOf(roles);
  const named = async <T>(what: string, command: Promise<T>): Promise<T> =>
    command.catch((error: unknown) => {
      throw explain(error, what);
    });
  for (const [pattern, lua] of keys) {
    const key = pattern.replace("*", `self-test-${id}`);
    const read = await named(`scripts on keys like ${pattern}`, redis.eval(lua, 1, key, id));
    if (read !== id) throw new ChannelError("io", `Redis does not keep what is written to ${pattern}`);
  }
  for (const pattern of hears) await hear(deps, pattern);
  for (const pattern of tells) {
    const channel = pattern.replace("*", id);
    await named(`publishing on channels like ${pattern}`, redis.spublish(channel, id));
  }
  // The process stays subscribed to these plain channels all the time, so subscribing again changes nothing.
  for (const channel of subscribes) await named(`the channel ${channel}`, subscriber.subscribe(channel));
}

async function hear({ redis, subscriber, id }: SelfTestDeps, pattern: string): Promise<void> {
  const channel = pattern.replace("*", id);
  const what = `channels like ${pattern}`;
  const { promise: heard, resolve } = Promise.withResolvers<boolean>();
  const listen = (from: string, message: string): void => {
    if (from === channel && message === id) resolve(true);
  };
  // If the message has not arrived by then, the test fails. This also ends the wait for the subscriber's own commands,
  // which have no deadline.
  const timer = setTimeout(() => resolve(false), HEAR_MS);
  subscriber.on("smessage", listen);
  try {
    const told = subscriber.ssubscribe(channel).then(() => redis.spublish(channel, id));
    const isHeard = await Promise.race([heard, told.then(() => heard)]);
    if (!isHeard) throw new ChannelError("io", `What is published on ${what} is not heard within ${HEAR_MS} ms`);
  } catch (error) {
    throw explain(error, what);
  } finally {
    clearTimeout(timer);
    subscriber.off("smessage", listen);
    subscriber.sunsubscribe(channel).catch(() => undefined);
  }
}

function explain(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || !RIGHTS.test(error.message)) return error;
  const message = `The user of Redis lacks rights for ${what}: ${error.message}`;
  return new ChannelError("setting", message, { cause: error });
}

const EVERY_MS = 60_000;
/**
 * After how many ms the next test follows a failed one. The time is short, because after a short overload the load
 * balancer must not avoid this process for a whole minute.
 */
const AGAIN_MS = 5000;

export interface SelfTest {
  /** Rejects with the reason if the last self-test failed. */
  check(): Promise<void>;
  [Symbol.dispose](): void;
}

/**
 * Runs {@link testRedis} every minute (every 5 s while it fails) and after each reconnect. If Redis is away during a
 * test, {@link SelfTest.check} resolves until the next test decides. `onError` is called with each failure. @throws
 * ChannelError `setting`, only from the first test.
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
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const later = (): void => {
    clearTimeout(timer);
    if (!isOver) timer = setTimeout(test, failure ? AGAIN_MS : EVERY_MS);
  };
  const test = (): void => {
    running ??= run().finally(() => {
      running = undefined;
      later();
    });
  };
  await run();
  if (failure?.kind === "setting") throw failure;
  later();
  deps.redis.on("ready", test);
  return {
    check: async () => {
      if (failure) throw failure;
    },
    [Symbol.dispose]: () => {
      isOver = true;
      clearTimeout(timer);
      deps.redis.off("ready", test);
    },
  };
}
