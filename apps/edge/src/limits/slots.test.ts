import { ERRORS } from "@docrelay/protocol";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createSlots } from "./slots.ts";

function gate(): { open: () => void; opened: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, opened: promise };
}
const busy = { wire: { code: "BUSY", retryable: ERRORS.BUSY.retryable, retryAfterMs: 1000 } };

describe("slots", () => {
  it("run no more than a few at a time, in the order in which they came", async () => {
    const slots = createSlots({ atOnce: 3, maxWaiting: 100, waitMs: 5000 });
    const began: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        slots.run(async () => {
          began.push(n);
          most = Math.max(most, ++running);
          await setImmediate();
          running--;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(began).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(slots.waiting).toBe(0);
  });

  it("refuse when the line is too long", async () => {
    const slots = createSlots({ atOnce: 1, maxWaiting: 1, waitMs: 5000 });
    const { open, opened } = gate();
    const first = slots.run(() => opened);
    const second = slots.run(async () => "second");
    await expect(slots.run(async () => "third")).rejects.toMatchObject(busy);
    open();
    await first;
    expect(await second).toBe("second");
  });

  it("run no more of one name than it may at a time", async () => {
    const slots = createSlots({ atOnce: 2, atOncePerName: 1, maxWaiting: 4, waitMs: 5000 });
    const { open, opened } = gate();
    const began: string[] = [];
    const names = ["one", "one", "another"];
    const runs = names.map((name) => slots.run(() => (began.push(name), opened), name));
    await setImmediate();
    expect(began).toEqual(["one", "another"]);
    open();
    await Promise.all(runs);
    expect(began).toEqual(["one", "another", "one"]);
  });

  it("let one name wait in some of the places only", async () => {
    const slots = createSlots({ atOnce: 1, maxWaiting: 4, maxWaitingPerName: 2, waitMs: 5000 });
    const { open, opened } = gate();
    const runs = ["one", "one", "one"].map((name) => slots.run(() => opened, name));
    await expect(slots.run(() => opened, "one")).rejects.toMatchObject(busy);
    runs.push(slots.run(() => opened, "another"));
    open();
    await Promise.all(runs);
    expect(slots.waiting).toBe(0);
  });

  it("refuse who has waited too long, and never run them", async () => {
    const slots = createSlots({ atOnce: 1, maxWaiting: 10, waitMs: 20 });
    const { open, opened } = gate();
    const first = slots.run(() => opened);
    let ran = false;
    await expect(slots.run(async () => void (ran = true))).rejects.toMatchObject(busy);
    expect(slots.waiting).toBe(0);
    open();
    await first;
    await setImmediate();
    expect(ran).toBe(false);
    expect(await slots.run(async () => "again")).toBe("again");
  });

  it("give a place back when the work throws", async () => {
    const slots = createSlots({ atOnce: 1, maxWaiting: 10, waitMs: 5000 });
    const broken = slots.run(() => Promise.reject(new Error("broken")));
    const next = slots.run(async () => "next");
    await expect(broken).rejects.toThrow("broken");
    expect(await next).toBe("next");
  });
});
