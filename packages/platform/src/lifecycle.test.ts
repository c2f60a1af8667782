import { describe, expect, it } from "vitest";
import { createLifecycle, DeadlineError, within } from "./lifecycle.ts";

const never = (): Promise<never> => new Promise(() => undefined);

describe("a lifecycle", () => {
  it("closes in reverse order, one after the other, and once", async () => {
    const life = createLifecycle(1000);
    const order: string[] = [];
    for (const name of ["redis", "queue", "server"]) {
      life.add(name, async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
      });
    }
    const first = life.close();
    expect(life.close()).toBe(first);
    expect(await first).toEqual([]);
    await life[Symbol.asyncDispose]();
    expect(order).toEqual(["server", "queue", "redis"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it("runs every step, also when one throws or hangs, and says which", async () => {
    const life = createLifecycle(20);
    let reached = false;
    life.add("last", () => (reached = true));
    life.add("hangs", never);
    life.add("throws", () => {
      throw new Error("broken");
    });
    life.add("rejects", async () => Promise.reject(new Error("late")));
    const problems = await life.close();
    expect(reached).toBe(true);
    expect(problems.map(({ step, error }) => [step, (error as Error).message])).toEqual([
      ["rejects", "late"],
      ["throws", "broken"],
      ["hangs", "not done within 20 ms"],
    ]);
  });

  it("closes at once what is added after the close began", async () => {
    const life = createLifecycle(1000);
    let release = (): void => undefined;
    life.add("slow", () => new Promise<void>((resolve) => (release = resolve)));
    const closing = life.close();
    let closed = false;
    life.add("late", () => (closed = true));
    release();
    await closing;
    await life.close();
    expect(closed).toBe(true);
    life.add("much later", () => {
      throw new Error("x");
    });
    expect(await life.close()).toEqual([{ step: "much later", error: expect.any(Error) }]);
  });
});

describe("within", () => {
  it("passes results and errors on", async () => {
    expect(await within(1000, async () => 1)).toBe(1);
    await expect(within(1000, async () => Promise.reject(new Error("own")))).rejects.toThrow("own");
  });
  it("does not wait longer", async () => {
    await expect(within(5, never)).rejects.toBeInstanceOf(DeadlineError);
  });
});
