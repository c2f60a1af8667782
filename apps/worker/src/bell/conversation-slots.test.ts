import fc from "fast-check";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createConversationSlots, type Disposition, type Rung } from "./conversation-slots.ts";

const rungFor = (c: string): Rung => ({ conversation: { shard: "s00", u: "u", c } });

function setUp(capacity: number) {
  const runs: Array<{ c: string; end(how: Disposition | Error): void; taking(): void }> = [];
  const passed: string[] = [];
  const passedRungs: Rung[] = [];
  const errors: unknown[] = [];
  const started: string[] = [];
  const slots = createConversationSlots({
    capacity,
    run({ conversation: { c } }, taking) {
      started.push(c);
      return new Promise((resolve, reject) => {
        const run = {
          c,
          taking,
          end(how: Disposition | Error) {
            runs.splice(runs.indexOf(run), 1);
            if (how instanceof Error) reject(how);
            else resolve(how);
          },
        };
        runs.push(run);
      });
    },
    passOn(rung) {
      passedRungs.push(rung);
      passed.push(rung.conversation.c);
    },
    onError: (error) => void errors.push(error),
  });
  return { slots, runs, passed, passedRungs, errors, started, ring: (c: string) => slots.hear(rungFor(c)) };
}

describe("the slots of a worker", () => {
  it("run a conversation once at a time: any number of bells during a run become one more run", async () => {
    const { runs, started, ring } = setUp(10);
    ring("a");
    for (let i = 0; i < 50; i++) ring("a");
    expect(started).toEqual(["a"]);
    runs[0]?.end("done");
    await setImmediate();
    expect(started).toEqual(["a", "a"]);
    runs[0]?.end("done");
    await setImmediate();
    expect(started).toEqual(["a", "a"]);
  });

  it("need no more run for bells that were heard before the last take", async () => {
    const { slots, runs, started, ring } = setUp(10);
    ring("a");
    ring("a");
    runs[0]?.taking();
    runs[0]?.end("done");
    await slots.idle();
    expect(started).toEqual(["a"]);
  });

  it("run no more conversations than there are slots, the others in order of their first bell", async () => {
    const { slots, runs, started, ring } = setUp(2);
    for (const c of ["a", "b", "c", "d", "c"]) ring(c);
    expect(started).toEqual(["a", "b"]);
    expect([slots.active, slots.load]).toEqual([2, 4]);
    runs[1]?.end("done");
    await setImmediate();
    expect(started).toEqual(["a", "b", "c"]);
    runs[0]?.end("done");
    await setImmediate();
    expect(started).toEqual(["a", "b", "c", "d"]);
  });

  it("give waiting bells to a worker with free slots, three times at most each", () => {
    const { slots, passed, ring } = setUp(1);
    for (const c of ["a", "b", "c"]) ring(c);
    slots.hear({ ...rungFor("d"), hops: 3 });
    slots.share(1);
    expect(passed).toEqual(["b"]);
    slots.share(5);
    expect(passed).toEqual(["b", "c"]);
    slots.share(0);
    slots.share(-2);
    expect([passed.length, slots.load]).toEqual([2, 2]);
  });

  it("keep what a bell knew of a dead worker when a plain one follows, and share past bells that may not hop", () => {
    const { slots, passedRungs, ring } = setUp(1);
    ring("a");
    slots.hear({ ...rungFor("d"), hops: 3 });
    slots.hear({ ...rungFor("b"), voided: "dead/1" });
    ring("b");
    slots.share(1);
    expect(passedRungs).toEqual([{ ...rungFor("b"), voided: "dead/1", hops: 1 }]);
  });

  it("pass on what waits and what comes later when they stop, and hand back what ends so", async () => {
    const { slots, runs, passed, ring } = setUp(1);
    ring("a");
    ring("b");
    await slots.stop();
    ring("c");
    expect(passed).toEqual(["b", "c"]);
    let idle = false;
    const waits = slots.idle().then(() => (idle = true));
    await setImmediate();
    expect(idle).toBe(false);
    runs[0]?.end("hand-back");
    await waits;
    expect(passed).toEqual(["b", "c", "a"]);
  });

  it("try a run that threw again, and leave the conversation to the sweeper after four tries", async () => {
    const { errors, runs, started, ring } = setUp(1);
    ring("a");
    for (let tries = 1; tries <= 4; tries++) {
      expect(started).toHaveLength(tries);
      runs[0]?.end(new Error("the store is away"));
      await setImmediate();
      // A bell during the pause after a failed run starts the conversation at once, and ends the pause.
      if (tries < 4) ring("a");
    }
    expect(errors).toHaveLength(4);
    await setImmediate();
    expect(started).toHaveLength(4);
  });

  it("lose no bell and never run a conversation twice at a time, whatever the order of bells and ends", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("ring" as const), c: fc.constantFrom("a", "b", "c", "d") }),
      fc.record({ do: fc.constant("end" as const), index: fc.nat(3) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, capacity) => {
        const { slots, runs, started, ring } = setUp(capacity);
        const owed = new Set<string>();
        for (const one of steps) {
          const before = started.length;
          if (one.do === "ring") {
            owed.add(one.c);
            ring(one.c);
          } else {
            runs[one.index]?.end("done");
            await setImmediate();
          }
          for (const c of started.slice(before)) owed.delete(c);
          const going = runs.map(({ c }) => c);
          expect(new Set(going).size).toBe(going.length);
          expect(going.length).toBeLessThanOrEqual(capacity);
        }
        while (runs.length > 0) {
          const before = started.length;
          runs[0]?.end("done");
          await setImmediate();
          for (const c of started.slice(before)) owed.delete(c);
        }
        expect([...owed]).toEqual([]);
        expect(slots.load).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
