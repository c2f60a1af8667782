import { bellChannel, createBell, createRoster, parseBell, type Bell, type BellMessage } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { createMembership, type Membership } from "../src/bell/membership.ts";

/** A live worker that runs no asks: it only records the bells that it hears. */
export interface ListeningWorker {
  readonly membership: Membership;
  readonly bell: Bell;
  readonly heard: BellMessage[];
  /** Closes the worker's connections without announcing its stop, as a killed process does. */
  die(): void;
}

/**
 * Starts a listening worker and waits until it has heard its own beat. From then on it is the leader if there is no
 * other worker.
 */
export async function startListeningWorker(url: string): Promise<ListeningWorker> {
  const [redis, subscriber] = [new Redis(url), new Redis(url)];
  const roster = createRoster();
  const heard: BellMessage[] = [];
  const membership = createMembership({ redis, subscriber, roster, onError: () => undefined });
  subscriber.on("smessage", (_channel, message) => {
    const bell = parseBell(message);
    if (bell) heard.push(bell);
  });
  await subscriber.ssubscribe(bellChannel(membership.worker));
  membership.report(() => ({ load: heard.length, capacity: 1_000_000 }));
  await membership.start();
  await eventually(() => roster.has(membership.worker));
  return {
    membership,
    bell: createBell(redis, roster),
    heard,
    die() {
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}
