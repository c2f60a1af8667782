import type { Redis } from "ioredis";
import { randomUUID } from "node:crypto";

/** Proves that what is published reaches this edge's subscriber connection: part of being ready. */
export function createLoopback(of: { subscriber: Redis; publisher: Redis; node: string }): { check(): Promise<void> } {
  const channel = `docrelay:loopback:${of.node}`;
  const waiting = new Map<string, () => void>();
  let subscribed: Promise<unknown> | undefined;
  of.subscriber.on("smessage", (from: string, token: string) => {
    if (from === channel) waiting.get(token)?.();
  });
  return {
    async check() {
      subscribed ??= of.subscriber.ssubscribe(channel).catch((error: unknown) => {
        subscribed = undefined;
        throw error;
      });
      await subscribed;
      const token = randomUUID();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(token, resolve);
      const forget = setTimeout(() => waiting.delete(token), 2000); // whoever waits has given up by then
      try {
        await of.publisher.spublish(channel, token);
        await promise;
      } finally {
        clearTimeout(forget);
        waiting.delete(token);
      }
    },
  };
}
