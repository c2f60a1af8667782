import { eventually } from "@docrelay/testkit";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createQueueGate } from "./queue-gate.ts";

describe("the queue gate", () => {
  it("is full when as many asks are unfinished as may be, and open again when some have ended", async () => {
    let unfinished = 9;
    using gate = createQueueGate({ max: 10, count: async () => unfinished, everyMs: 5 });
    await setImmediate();
    expect(gate.full).toBe(false);
    unfinished = 10;
    await eventually(() => gate.full);
    unfinished = 3;
    await eventually(() => !gate.full);
  });

  it("counts what was let in since the last look", async () => {
    using gate = createQueueGate({ max: 3, count: async () => 1, everyMs: 60_000 });
    await setImmediate();
    gate.entered();
    expect(gate.full).toBe(false);
    gate.entered();
    expect(gate.full).toBe(true);
  });

  it("does not count twice what the look has seen", async () => {
    let entered = 0;
    let looks = 0;
    using gate = createQueueGate({
      max: 100,
      everyMs: 5,
      count: async () => {
        looks++;
        return entered;
      },
    });
    await eventually(() => looks > 0);
    for (; entered < 60; entered++) gate.entered();
    const before = looks;
    await eventually(() => looks >= before + 3);
    expect(gate.full).toBe(false);
  });

  it("keeps what was let in while it looked", async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    using gate = createQueueGate({ max: 2, count: () => promise, everyMs: 60_000 });
    gate.entered();
    resolve(1);
    await setImmediate();
    expect(gate.full).toBe(true);
  });

  it("keeps its last sum while the store is away, and looks again", async () => {
    let away = false;
    let looks = 0;
    using gate = createQueueGate({
      max: 5,
      everyMs: 5,
      count: async () => {
        looks++;
        if (away) throw new Error("away");
        return 5;
      },
    });
    await eventually(() => gate.full);
    away = true;
    const before = looks;
    await eventually(() => looks >= before + 3);
    expect(gate.full).toBe(true);
  });
});
