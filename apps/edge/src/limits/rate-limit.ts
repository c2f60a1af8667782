/*
 * Rate limits, as token buckets. Each edge has its own; bounds over all edges are kept in Redis. The functions get the
 * current time, in ms, as an argument.
 */

/**
 * The state of a token bucket, which gains `perSecond` tokens of its {@link Rate} and holds at most `burst`: it had
 * `tokens` at the time `at`, in ms; a negative number is owed.
 */
export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * Takes `cost` tokens from a bucket that has at least one; the bucket may owe tokens afterwards. If it has less than one,
 * none is taken, and `retryAfterMs` is the time until it has one. So what costs more waits no longer at the bound than
 * what costs one token, and the rate over time is the same.
 */
export function takeToken(
  bucket: Bucket | undefined,
  rate: Rate,
  now: number,
  cost = 1,
): { bucket: Bucket; allowed: true } | { bucket: Bucket; allowed: false; retryAfterMs: number } {
  const before = bucket ?? { tokens: rate.burst, at: now };
  const gained = (Math.max(0, now - before.at) / 1000) * rate.perSecond;
  const tokens = Math.min(rate.burst, before.tokens + gained);
  const needed = Math.min(1, rate.burst);
  if (tokens >= needed) return { bucket: { tokens: tokens - Math.min(cost, rate.burst), at: now }, allowed: true };
  return {
    bucket: { tokens, at: now },
    allowed: false,
    retryAfterMs: Math.ceil(((needed - tokens) / rate.perSecond) * 1000),
  };
}

/** A bucket for each name, such as a user's. Buckets that are full again are deleted: a new bucket is full as well. */
export interface RateLimiter {
  /**
   * Takes `cost` tokens, by default one, from the bucket of `name`; returns 0 if there were enough, else the
   * milliseconds until a retry can succeed.
   */
  take(name: string, now: number, cost?: number): number;
  readonly size: number;
}

const FORGET_AT = 4096;

export function createRateLimiter(rate: Rate): RateLimiter {
  const buckets = new Map<string, Bucket>();
  let forgetAt = FORGET_AT;
  const forget = (now: number): void => {
    for (const [name, { tokens, at }] of buckets) {
      if (tokens + ((now - at) / 1000) * rate.perSecond >= rate.burst) buckets.delete(name);
    }
    forgetAt = Math.max(FORGET_AT, buckets.size * 2);
  };
  return {
    take(name, now, cost) {
      if (buckets.size >= forgetAt) forget(now);
      const taken = takeToken(buckets.get(name), rate, now, cost);
      buckets.set(name, taken.bucket);
      return taken.allowed ? 0 : Math.max(1, taken.retryAfterMs);
    },
    get size() {
      return buckets.size;
    },
  };
}

/** When the last bad messages of one connection arrived, in ms, the oldest first. */
export type Strikes = readonly number[];
const MAX_STRIKES = 20;
const STRIKES_MS = 10_000;

/** Adds a bad message; `out` is true if it was the twentieth within ten seconds: then the connection is ended. */
export function strike(strikes: Strikes, now: number): { strikes: Strikes; out: boolean } {
  const recent = [...strikes.filter((at) => now - at < STRIKES_MS), now];
  return { strikes: recent, out: recent.length >= MAX_STRIKES };
}
