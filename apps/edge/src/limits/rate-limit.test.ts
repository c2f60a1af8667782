import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRateLimiter, strike, takeToken, type Bucket, type Strikes } from "./rate-limit.ts";

const rates = fc.record({
  perSecond: fc.integer({ min: 1, max: 1000 }),
  burst: fc.integer({ min: 1, max: 1000 }),
});

describe("a token bucket", () => {
  it("lets its burst through at once, and no more", () => {
    const rate = { perSecond: 5, burst: 20 };
    let bucket: Bucket | undefined;
    const allowed = Array.from({ length: 200 }, () => {
      const taken = takeToken(bucket, rate, 1000);
      bucket = taken.bucket;
      return taken.allowed;
    });
    expect(allowed.filter(Boolean)).toHaveLength(20);
    expect(allowed.slice(0, 20).every(Boolean)).toBe(true);
  });

  it("never lets through more than its burst and what was gained, however requests are spread", () => {
    fc.assert(
      fc.property(rates, fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 300 }), (rate, waits) => {
        let bucket: Bucket | undefined;
        let now = 0;
        let through = 0;
        for (const wait of waits) {
          now += wait;
          const taken = takeToken(bucket, rate, now);
          bucket = taken.bucket;
          if (taken.allowed) through++;
        }
        expect(through).toBeLessThanOrEqual(rate.burst + (now / 1000) * rate.perSecond + 1e-6);
      }),
    );
  });

  it("takes several tokens for what costs more, owes those that it does not have, and never more than it holds", () => {
    const rate = { perSecond: 2, burst: 10 };
    const first = takeToken(undefined, rate, 0, 8);
    expect(first).toMatchObject({ allowed: true, bucket: { tokens: 2 } });
    const second = takeToken(first.bucket, rate, 0, 8);
    expect(second).toMatchObject({ allowed: true, bucket: { tokens: -6 } });
    expect(takeToken(second.bucket, rate, 0)).toMatchObject({ allowed: false, retryAfterMs: 3500 });
    expect(takeToken(second.bucket, rate, 3500, 8).allowed).toBe(true);
    expect(takeToken(undefined, rate, 0, 1000)).toMatchObject({ allowed: true, bucket: { tokens: 0 } });
  });

  it("lets what costs more in as soon as what costs one token", () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 65 }), fc.integer({ min: 1, max: 200 }), (rate, cost, tries) => {
        let bucket: Bucket | undefined;
        for (let n = 0; n < tries; n++) bucket = takeToken(bucket, rate, n).bucket;
        expect(takeToken(bucket, rate, tries, cost).allowed).toBe(takeToken(bucket, rate, tries).allowed);
      }),
    );
  });

  it("is right about when it may be tried again", () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 2000 }), (rate, tries) => {
        let bucket: Bucket | undefined;
        for (let n = 0; n < tries; n++) {
          const taken = takeToken(bucket, rate, 0);
          bucket = taken.bucket;
          if (taken.allowed) continue;
          expect(takeToken(bucket, rate, taken.retryAfterMs).allowed).toBe(true);
          return;
        }
      }),
    );
  });

  it("loses nothing to a refusal, nor to a clock that goes back", () => {
    const rate = { perSecond: 1, burst: 1 };
    const first = takeToken(undefined, rate, 5000);
    const refused = takeToken(first.bucket, rate, 5500);
    expect(refused).toMatchObject({ allowed: false, retryAfterMs: 500 });
    expect(takeToken(refused.bucket, rate, 6000).allowed).toBe(true);
    expect(takeToken(first.bucket, rate, 0)).toMatchObject({ allowed: false, retryAfterMs: 1000 });
  });
});

describe("a limiter", () => {
  it("keeps names apart", () => {
    const limiter = createRateLimiter({ perSecond: 1, burst: 1 });
    expect([limiter.take("a", 0), limiter.take("b", 0), limiter.take("a", 0)]).toEqual([0, 0, 1000]);
  });

  it("forgets those whose bucket is full again, and only those", () => {
    const limiter = createRateLimiter({ perSecond: 1, burst: 2 });
    for (let n = 0; n < 5; n++) limiter.take("busy", 59_999);
    for (let n = 0; n < 20_000; n++) limiter.take(`passer-by-${n}`, n);
    expect(limiter.size).toBeLessThan(8192);
    limiter.take("busy", 60_000);
    for (let n = 0; n < 20_000; n++) limiter.take(`passer-by-again-${n}`, 60_000);
    expect(limiter.take("busy", 60_000)).toBeGreaterThan(0);
  });
});

describe("strikes", () => {
  const times = (list: number[]): boolean[] => {
    let strikes: Strikes = [];
    return list.map((at) => {
      const struck = strike(strikes, at);
      strikes = struck.strikes;
      return struck.out;
    });
  };

  it("are out at the twentieth within ten seconds", () => {
    expect(times(Array.from({ length: 20 }, (_, n) => n * 500)).indexOf(true)).toBe(19);
  });

  it("are forgotten after ten seconds", () => {
    expect(times(Array.from({ length: 200 }, (_, n) => n * 530)).includes(true)).toBe(false);
  });

  it("never keep more than they need", () => {
    let strikes: Strikes = [];
    for (let n = 0; n < 1000; n++) strikes = strike(strikes, n * 10_001).strikes;
    expect(strikes).toHaveLength(1);
  });
});
