import { CHUNKS_IN_FLIGHT } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import fc from "fast-check";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createUploadQueue, type UploadQueueRule } from "./upload-queue.ts";

const RULE: UploadQueueRule = { atOnce: 1, maxUnstoredBytes: 1000, maxChunksPerUpload: 4, waitMs: 5000 };
const busy = { wire: { code: "BUSY", retryAfterMs: 250 } };

/** Makes work that ends when `finish` is called with its name. `began` lists the work that has begun. */
function works(): { began: string[]; work: (name: string) => () => Promise<void>; finish: (name: string) => void } {
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    began,
    work: (name) => () => {
      began.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    },
    finish: (name) => ends.get(name)?.(),
  };
}

describe("the upload queue", () => {
  it("goes round by user, and by upload within a user, in order within an upload", async () => {
    const queue = createUploadQueue(RULE);
    const order: string[] = [];
    const put = (user: string, upload: string, n: number): Promise<void> =>
      queue.run({ user, upload, bytes: 1 }, async () => {
        order.push(`${upload}${n}`);
        await setImmediate();
      });
    await Promise.all([
      put("zoe", "z", 1), // this chunk is being stored while the others wait
      ...[1, 2, 3].map((n) => put("ann", "a", n)),
      ...[1, 2, 3].map((n) => put("ann", "b", n)),
      ...[1, 2].map((n) => put("bob", "c", n)),
    ]);
    expect(order).toEqual(["z1", "a1", "c1", "b1", "c2", "a2", "b2", "a3", "b3"]);
    expect([queue.unstoredBytes, queue.uploads]).toEqual([0, 0]);
  });

  it("runs as many chunks of an upload at a time as a client may send, begun in order", async () => {
    const queue = createUploadQueue({ ...RULE, atOnce: 6, maxChunksPerUpload: 8 });
    const { began, work, finish } = works();
    const names = ["a1", "a2", "a3", "a4", "a5", "a6", "b1"];
    const all = names.map((name) => queue.run({ user: "ann", upload: name.charAt(0), bytes: 1 }, work(name)));
    await setImmediate();
    expect(began).toEqual(["a1", "a2", "a3", "a4", "b1"]);
    finish("a3");
    await all[2];
    await setImmediate();
    expect(began.slice(5)).toEqual(["a5"]);
    for (let n = 0; n < names.length; n++) finish(await eventually(() => began[n]));
    await Promise.all(all);
    expect([queue.unstoredBytes, queue.uploads]).toEqual([0, 0]);
  });

  it("refuses what would be more bytes than may wait", async () => {
    const queue = createUploadQueue(RULE);
    const { work, finish } = works();
    const first = queue.run({ user: "ann", upload: "a", bytes: 600 }, work("first"));
    await expect(queue.run({ user: "bob", upload: "b", bytes: 401 }, work("second"))).rejects.toMatchObject(busy);
    const fits = queue.run({ user: "bob", upload: "b", bytes: 400 }, work("fits"));
    expect(queue.unstoredBytes).toBe(1000);
    await setImmediate();
    finish("first");
    await first;
    await setImmediate();
    finish("fits");
    await fits;
    expect([queue.unstoredBytes, queue.uploads]).toEqual([0, 0]);
  });

  it("refuses more waiting chunks of one upload than a client may send, not those of others", async () => {
    const queue = createUploadQueue({ ...RULE, maxChunksPerUpload: 2 });
    const { work, finish, began } = works();
    const chunk = (upload: string, name: string): Promise<void> =>
      queue.run({ user: "ann", upload, bytes: 1 }, work(name));
    const running = [chunk("a", "a1"), chunk("a", "a2"), chunk("a", "a3")];
    await expect(chunk("a", "a4")).rejects.toMatchObject(busy);
    running.push(chunk("b", "b1"));
    for (let n = 0; n < running.length; n++) finish(await eventually(() => began[n]));
    await Promise.all(running);
    expect(queue.uploads).toBe(0);
  });

  it("refuses who has waited too long, and never stores that chunk", async () => {
    const queue = createUploadQueue({ ...RULE, waitMs: 20 });
    const { began, work, finish } = works();
    const first = queue.run({ user: "ann", upload: "a", bytes: 10 }, work("first"));
    await expect(queue.run({ user: "bob", upload: "b", bytes: 10 }, work("late"))).rejects.toMatchObject(busy);
    expect([queue.unstoredBytes, queue.uploads]).toEqual([10, 1]);
    finish("first");
    await first;
    await setImmediate();
    expect(began).toEqual(["first"]);
    expect([queue.unstoredBytes, queue.uploads]).toEqual([0, 0]);
  });

  it("goes on after work that throws, and passes on what it threw", async () => {
    const queue = createUploadQueue(RULE);
    const broken = queue.run({ user: "ann", upload: "a", bytes: 10 }, () => Promise.reject(new Error("broken")));
    const next = queue.run({ user: "ann", upload: "a", bytes: 10 }, async () => "stored");
    await expect(broken).rejects.toThrow("broken");
    expect(await next).toBe("stored");
    expect([queue.unstoredBytes, queue.uploads]).toEqual([0, 0]);
  });

  it("calls back once when half of its room is free", async () => {
    const queue = createUploadQueue({ ...RULE, atOnce: 3 });
    let calls = 0;
    queue.whenRoom(() => calls++);
    expect(calls).toBe(1);
    const { work, finish } = works();
    const all = ["a", "b", "c"].map((name) => queue.run({ user: name, upload: name, bytes: 300 }, work(name)));
    expect(queue.hasRoom).toBe(false);
    queue.whenRoom(() => calls++);
    await setImmediate();
    finish("a");
    await all[0];
    expect(calls).toBe(1);
    finish("b");
    await all[1];
    expect([calls, queue.hasRoom]).toEqual([2, true]);
    finish("c");
    await all[2];
    expect(calls).toBe(2);
  });

  it("leaks nothing, whatever comes, fails and is late", async () => {
    const chunk = fc.record({
      user: fc.constantFrom("ann", "bob", "cat"),
      upload: fc.constantFrom("x", "y"),
      bytes: fc.integer({ min: 1, max: 400 }),
      fails: fc.boolean(),
      turns: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), async (chunks, atOnce) => {
        const queue = createUploadQueue({ ...RULE, atOnce, waitMs: 1000 });
        const began = new Map<string, number[]>();
        const running: string[] = [];
        let most = 0;
        const outcomes = await Promise.allSettled(
          chunks.map(({ user, upload, bytes, fails, turns }, n) => {
            const key = `${user}/${upload}`;
            const one = queue.run({ user, upload: key, bytes }, async () => {
              running.push(key);
              began.set(key, [...(began.get(key) ?? []), n]);
              expect(running.filter((one) => one === key).length).toBeLessThanOrEqual(CHUNKS_IN_FLIGHT);
              most = Math.max(most, running.length);
              for (let turn = 0; turn < turns; turn++) await setImmediate();
              running.splice(running.indexOf(key), 1);
              if (fails) throw new Error("broken");
            });
            expect(queue.unstoredBytes).toBeLessThanOrEqual(RULE.maxUnstoredBytes);
            return one;
          }),
        );
        expect(most).toBeLessThanOrEqual(atOnce);
        for (const list of began.values()) expect(list).toEqual(list.toSorted((a, b) => a - b));
        const reasons = outcomes.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
        expect(reasons.filter((reason) => !/^Error: broken|^Refusal: BUSY/.test(reason))).toEqual([]);
        expect([queue.unstoredBytes, queue.uploads, queue.hasRoom]).toEqual([0, 0, true]);
      }),
      { numRuns: 60 },
    );
  });
});
