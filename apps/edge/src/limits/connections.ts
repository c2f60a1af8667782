import { releasePlaces, renewPlaces, takePlace } from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import type { Redis } from "ioredis";

/**
 * Counts a user's connections on all edges together: a sorted set per user of `<node>:<n>`, scored by expiry. Each edge
 * renews its own places, so that the places of a killed edge expire.
 */
export interface Connections extends AsyncDisposable {
  /** Acquires a place; the returned function releases it, idempotently. @throws Refusal `TOO_MANY_CONNECTIONS`. */
  take(user: string): Promise<() => void>;
  readonly count: number;
}

const RENEW_MS = 20_000;
const RETRY_MS = 5000;
/** Users whose places are renewed in one pipeline: that of all users of a large edge would be too long. */
const RENEWED_AT_ONCE = 500;

/** @param onError receives the error of a failed renewal; the next renewal includes the same places. */
export function createConnections(options: {
  redis: Redis;
  node: string;
  max: number;
  onError: (error: unknown) => void;
}): Connections {
  const places = new Map<string, Set<string>>();
  let next = 0;
  let count = 0;

  const renew = async (): Promise<void> => {
    const users = [...places];
    for (let at = 0; at < users.length; at += RENEWED_AT_ONCE) {
      const some = users.slice(at, at + RENEWED_AT_ONCE);
      await Promise.all(some.map(([user, mine]) => renewPlaces(options.redis, user, mine)));
    }
  };
  const timer = setInterval(() => void renew().catch(options.onError), RENEW_MS);
  timer.unref();

  function drop(user: string, place: string): boolean {
    const mine = places.get(user);
    if (!mine?.delete(place)) return false;
    if (mine.size === 0) places.delete(user);
    count--;
    return true;
  }

  return {
    get count() {
      return count;
    },
    async take(user) {
      const mine = places.get(user) ?? new Set();
      const tooMany = refuse("TOO_MANY_CONNECTIONS", { retryAfterMs: RETRY_MS });
      if (mine.size >= options.max) throw tooMany;
      const place = `${options.node}:${next++}`;
      places.set(user, mine.add(place));
      count++;
      // Without Redis only this edge's own count is checked: the cap is a protection and must not refuse all users.
      const granted = await takePlace(options.redis, user, place, options.max).catch(() => true);
      if (!granted) {
        drop(user, place);
        throw tooMany;
      }
      return () => {
        if (drop(user, place)) releasePlaces(options.redis, user, [place]).catch(() => undefined); // it expires
      };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      const released = [...places].map(([user, mine]) => releasePlaces(options.redis, user, mine));
      places.clear();
      await Promise.allSettled(released); // they expire
    },
  };
}
