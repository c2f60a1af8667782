import { releasePlaces, renewPlaces, takePlace } from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import type { Redis } from "ioredis";

/**
 * How many connections a user has, on all edges together: a sorted set per user of `<node>:<n>` by when it runs out.
 * Each edge renews its own, so that those of a killed edge are gone after a lease.
 */
export interface Connections extends AsyncDisposable {
  /** Takes a place; the returned function gives it back and may be called twice. @throws Refusal `TOO_MANY_CONNECTIONS`. */
  take(user: string): Promise<() => void>;
  readonly count: number;
}

const RENEW_MS = 20_000;
const RETRY_MS = 5000;
/** Users whose places are renewed at once, so that a large edge does not send one giant pipeline. */
const RENEWED_AT_ONCE = 500;

/** @param onError what Redis answers when a renewal fails; the places are renewed again with the next one. */
export function createConnections(of: {
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
      await Promise.all(some.map(([user, mine]) => renewPlaces(of.redis, user, mine)));
    }
  };
  const timer = setInterval(() => void renew().catch(of.onError), RENEW_MS);
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
      if (mine.size >= of.max) throw tooMany;
      const place = `${of.node}:${next++}`;
      places.set(user, mine.add(place));
      count++;
      // Without Redis the cap is this edge's own: it protects, and must not lock anybody out.
      const granted = await takePlace(of.redis, user, place, of.max).catch(() => true);
      if (!granted) {
        drop(user, place);
        throw tooMany;
      }
      return () => {
        if (drop(user, place)) releasePlaces(of.redis, user, [place]).catch(() => undefined); // it expires
      };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      const released = [...places].map(([user, mine]) => releasePlaces(of.redis, user, mine));
      places.clear();
      await Promise.allSettled(released); // they expire
    },
  };
}
