import type { RedisClient, RedisSubscriber } from "@docrelay/channel";
import { randomUUID } from "node:crypto";

/**
 * Checks that a message that this edge publishes comes back on its subscriber connection; else the edge is not ready.
 */
export function createLoopback(options: { subscriber: RedisSubscriber; publisher: RedisClient; node: string }): {
  check(): Promise<void>;
} {
  const channel = `docrelay:loopback:${options.node}`;
  const waiting = new Map<string, () => void>();
  let subscribed: Promise<unknown> | undefined;
  options.subscriber.on("smessage", (from: string, token: string) => {
    if (from === channel) waiting.get(token)?.();
  });
  return {
    async check() {
      subscribed ??= options.subscriber.ssubscribe(channel).catch((error: unknown) => {
        subscribed = undefined;
        throw error;
      });
      await subscribed;
      const token = randomUUID();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(token, resolve);
      // After 2 s the health check that called `check` has timed out, and the message need not come back any more.
      const forget = setTimeout(() => waiting.delete(token), 2000);
      try {
        await options.publisher.spublish(channel, token);
        await promise;
      } finally {
        clearTimeout(forget);
        waiting.delete(token);
      }
    },
  };
}
