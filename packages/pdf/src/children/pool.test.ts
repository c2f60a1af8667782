import { eventually, makePdf } from "@docrelay/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { hold, startObeying } from "../../test/obeying.ts";
import type { Report } from "../child/messages.ts";
import { startChild, type Child } from "./child-process.ts";
import { createPool, type Pool } from "./pool.ts";
import type { End } from "../reading/reading.ts";
import { runJob } from "./run-job.ts";

const pools: Pool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool[Symbol.asyncDispose]();
});
function create(...args: Parameters<typeof createPool>): Pool {
  const pool = createPool(...args);
  pools.push(pool);
  return pool;
}
const pdfium = (): Child => startChild("pdfium");
const signal = new AbortController().signal;
function runs(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Has a child read a page to its end. */
async function read(child: Child, page: string): Promise<void> {
  const job = { bytes: makePdf({ pages: [page] }), password: undefined, engine: "pdfium" } as const;
  const watch = { signal, memoryBytes: Infinity, isLate: () => false, take: (what: Report | End) => isOver(what) };
  expect(await runJob(child, { ...job, maxPages: 10, maxTextBytes: 1000 }, watch)).toBe(true);
}
const isOver = (what: Report | End): boolean => typeof what === "string" || what.type === "done";

describe("a pool of children", () => {
  it("lends the same child again and again", async () => {
    const pool = create(1, pdfium);
    const first = await pool.take(signal);
    pool.give(first, true);
    expect((await pool.take(signal)).pid).toBe(first.pid);
  });

  it("replaces one that was hurt, that died, or that has read enough files", async () => {
    const pool = create(1, pdfium, 2);
    const hurt = await pool.take(signal);
    pool.give(hurt, false);
    const dead = await pool.take(signal);
    expect(dead.pid).not.toBe(hurt.pid);
    await eventually(() => !runs(hurt.pid), { what: "the hurt child's end" });
    dead.kill();
    await eventually(() => !dead.alive);
    pool.give(dead, true);
    const third = await pool.take(signal);
    expect(third.pid).not.toBe(dead.pid);
    pool.give(third, true);
    expect(await pool.take(signal)).toBe(third);
    pool.give(third, true);
    expect((await pool.take(signal)).pid).not.toBe(third.pid);
    await eventually(() => !runs(third.pid), { what: "the end of the child that has read enough" });
  });

  it("replaces one that died while it was free", async () => {
    const pool = create(1, pdfium);
    const first = await pool.take(signal);
    pool.give(first, true);
    await eventually(async () => {
      const again = await pool.take(signal);
      pool.give(again, true);
      return again === first;
    });
    first.kill();
    await eventually(() => !first.alive);
    expect((await pool.take(signal)).pid).not.toBe(first.pid);
  });

  it("replaces one that holds over 350 MiB, and keeps one that holds less", { timeout: 60_000 }, async () => {
    const pool = create(1, () => startObeying("pdfium"));
    const light = await pool.take(signal);
    await read(light, hold(100));
    pool.give(light, true);
    const heavy = await pool.take(signal);
    expect(heavy).toBe(light);
    await read(heavy, hold(300));
    expect(heavy.memory()).toBeGreaterThan(350 * 1024 * 1024);
    pool.give(heavy, true);
    expect((await pool.take(signal)).pid).not.toBe(heavy.pid);
    await eventually(() => !runs(heavy.pid), { what: "the end of the child that holds too much" });
  });

  it("lends to those who wait in their order, and forgets who has given up", async () => {
    const pool = create(1, pdfium);
    const child = await pool.take(signal);
    const order: string[] = [];
    const tired = new AbortController();
    const waiting = ["a", "b"].map(async (name) => {
      const taken = await pool.take(name === "a" ? tired.signal : signal);
      order.push(name);
      pool.give(taken, true);
    });
    tired.abort(new Error("enough"));
    await expect(waiting[0]).rejects.toThrow("enough");
    pool.give(child, true);
    await waiting[1];
    expect(order).toEqual(["b"]);
  });

  it("goes on with the next one when who was woken is aborted in the same turn", async () => {
    const pool = create(1, pdfium);
    const child = await pool.take(signal);
    const tired = new AbortController();
    const [first, second] = [pool.take(tired.signal), pool.take(signal)];
    pool.give(child, true);
    tired.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    expect(await second).toBe(child);
  });

  it("ends its children and sends away who waits when it is closed", async () => {
    const pool = create(2, pdfium);
    const [one, two] = [await pool.take(signal), await pool.take(signal)];
    const waiting = pool.take(signal);
    await pool[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow("closed");
    await eventually(() => !runs(one.pid) && !runs(two.pid), { what: "the end of all children" });
  });
});
