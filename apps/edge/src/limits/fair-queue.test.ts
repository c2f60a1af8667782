import fc from "fast-check";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createFairQueue, type FairQueue, type FairQueueRule } from "./fair-queue.ts";

const RULE: FairQueueRule<string> = { maxWaiting: 1000, waitMs: 5000, retryAfterMs: 100, hasRoom: (n) => n < 1 };
const busy = { wire: { code: "BUSY", retryAfterMs: 100 } };

/**
 * Calls `acquire` for all `users` at once, each time with another key. Returns the users in the order in which they
 * were served.
 */
async function turns(queue: FairQueue<string>, users: readonly string[]): Promise<string[]> {
  const order: string[] = [];
  await Promise.all(
    users.map(async (user, call) => {
      const release = await queue.acquire(user, String(call));
      order.push(user);
      await setImmediate();
      release();
    }),
  );
  return order;
}

describe("a fair queue", () => {
  it("gives no user a second turn while another one waits for a first", async () => {
    const users = fc.array(fc.constantFrom("ann", "bob", "cat", "dan"), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(users, async (calls) => {
        const [first, ...order] = await turns(createFairQueue(RULE), calls);
        expect(first).toBe(calls[0]); // the first call was served before the others were made
        const left = new Map<string, number>();
        for (const user of calls.slice(1)) left.set(user, (left.get(user) ?? 0) + 1);
        let round = new Set<string>();
        for (const user of order) {
          if (round.has(user)) {
            expect([...left.keys()].filter((other) => !round.has(other))).toEqual([]);
            round = new Set();
          }
          round.add(user);
          const count = (left.get(user) ?? 0) - 1;
          if (count > 0) left.set(user, count);
          else left.delete(user);
        }
        expect([...left]).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps the order within a key and its bounds, settles every call, and forgets all keys", async () => {
    const step = fc.record({
      user: fc.nat(2),
      key: fc.nat(2),
      ticks: fc.nat(3),
      kind: fc.constantFrom("work", "work", "work", "pause", "gone"),
    });
    const rules = fc.record({
      atOnce: fc.integer({ min: 1, max: 3 }),
      total: fc.nat(12),
      ofUser: fc.nat(6),
      ofKey: fc.nat(4),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), rules, async (steps, { atOnce, total, ofUser, ofKey }) => {
        const gone = new Set<string>();
        const queue = createFairQueue<string>({
          ...RULE,
          maxWaiting: total + 1,
          maxWaitingPerUser: ofUser + 1,
          maxWaitingPerKey: ofKey + 1,
          waitMs: 3,
          hasRoom: (running) => running < atOnce,
          whenReady: (_key, callback) => void globalThis.setImmediate(callback),
          checkKey(key) {
            if (gone.has(key)) throw new Error("gone");
          },
        });
        const served = new Map<string, number[]>();
        const running = new Map<string, number>();
        const calls: Array<Promise<unknown>> = [];
        for (const [index, { user, key: name, ticks, kind }] of steps.entries()) {
          const key = `${user}.${name}`;
          if (kind === "pause") await setImmediate();
          if (kind === "gone") gone.add(key);
          const call = async (): Promise<void> => {
            const release = await queue.acquire(`u${user}`, key);
            expect(running.get(key) ?? 0).toBe(0);
            running.set(key, 1);
            expect([...running.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(atOnce);
            served.set(key, [...(served.get(key) ?? []), index]);
            for (let tick = 0; tick < ticks; tick++) await setImmediate();
            running.delete(key);
            release();
            release();
          };
          calls.push(
            call().catch((error: unknown) => {
              if (!(error instanceof Error && error.message === "gone")) expect(error).toMatchObject(busy);
            }),
          );
          expect(queue.waiting).toBeLessThanOrEqual(total + 1);
        }
        await Promise.all(calls);
        for (const order of served.values()) expect(order).toEqual(order.toSorted((a, b) => a - b));
        await setImmediate();
        expect([running.size, queue.waiting, queue.keys]).toEqual([0, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses a call when a bound of waiting is reached, and no call of others", async () => {
    const queue = createFairQueue({ ...RULE, maxWaiting: 3, maxWaitingPerUser: 2, maxWaitingPerKey: 1 });
    const release = await queue.acquire("ann", "a");
    const waiting = [queue.acquire("ann", "a")];
    await expect(queue.acquire("ann", "a")).rejects.toMatchObject(busy); // the key's limit is reached
    waiting.push(queue.acquire("ann", "b"));
    await expect(queue.acquire("ann", "c")).rejects.toMatchObject(busy); // the user's limit is reached
    waiting.push(queue.acquire("bob", "d"));
    // `maxWaiting`, the limit of all users together, is reached.
    await expect(queue.acquire("cat", "e")).rejects.toMatchObject(busy);
    expect([queue.waiting, queue.keys]).toEqual([3, 3]);
    release();
    await Promise.all(waiting.map(async (call) => (await call)()));
    expect([queue.waiting, queue.keys]).toEqual([0, 0]);
  });

  it("refuses a call whose turn does not come in time, and never gives it one", async () => {
    const queue = createFairQueue({ ...RULE, waitMs: 10 });
    const release = await queue.acquire("ann", "a");
    await expect(queue.acquire("bob", "b")).rejects.toMatchObject(busy);
    expect([queue.waiting, queue.keys]).toEqual([0, 1]);
    release();
    (await queue.acquire("bob", "b"))();
    expect(queue.keys).toBe(0);
  });

  it("holds a key back until it is ready, and serves others meanwhile", async () => {
    const ready = new Map<string, () => void>();
    const queue = createFairQueue({ ...RULE, whenReady: (key, callback) => void ready.set(key, callback) });
    const first = queue.acquire("ann", "slow");
    const second = queue.acquire("ann", "quick");
    ready.get("quick")?.();
    (await second)();
    expect(queue.waiting).toBe(1);
    ready.get("slow")?.();
    (await first)();
    expect([queue.waiting, queue.keys]).toEqual([0, 0]);
  });
});
