import { setImmediate } from "node:timers/promises";
import { eventually, makePdf } from "@docrelay/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { hold, startObeying } from "../../test/obeying.ts";
import { idleCores, startOnSharedCores } from "../../test/shared-cores.ts";
import type { Child } from "./child-process.ts";
import type { CoreWatch } from "./core-watch.ts";
import { createPool, type Pool } from "./pool.ts";
import { runJob } from "./run-job.ts";

const pools: Pool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool[Symbol.asyncDispose]();
});
function create(size: number, start: Parameters<typeof createPool>[1], filesPerChild?: number): Pool {
  const more = filesPerChild === undefined ? {} : { filesPerChild };
  const pool = createPool(size, start, { coreWatch: idleCores(), ...more });
  pools.push(pool);
  return pool;
}
const pdfium = (): Child => startOnSharedCores("pdfium");
const signal = new AbortController().signal;
function runs(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function read(child: Child, page: string): Promise<void> {
  const job = { bytes: makePdf({ pages: [page] }), password: undefined, engine: "pdfium" } as const;
  const watch = { signal, memoryBytes: Infinity, coreWatch: idleCores(), overdue: () => undefined };
  const reports = await Array.fromAsync(runJob(child, { ...job, maxPages: 10, maxTextBytes: 1000 }, watch));
  expect(reports.at(-1)).toMatchObject({ type: "done" });
}

describe("a pool of children", () => {
  it("starts all of them when the first is wanted, and none before", async () => {
    let starts = 0;
    const pool = create(2, () => {
      starts++;
      return pdfium();
    });
    expect(starts).toBe(0);
    const first = await pool.acquire(signal);
    expect(starts).toBe(2);
    pool.release(first);
    await pool.acquire(signal);
    expect(starts).toBe(2);
  });

  it("starts those in reserve once one is ready, and never lends them as spare", async () => {
    let starts = 0;
    const start = (): Child => {
      starts++;
      return pdfium();
    };
    const pool = createPool(1, start, { coreWatch: idleCores(), reserve: 1 });
    pools.push(pool);
    const acquiring = pool.acquire(signal);
    expect(starts).toBe(1);
    const first = await acquiring;
    expect(starts).toBe(2);
    const second = await pool.acquire(signal);
    pool.release(second);
    expect(pool.acquireSpare(() => undefined)).toBeUndefined();
    pool.release(first);
    expect(pool.acquireSpare(() => undefined)).toBe(first);
  });

  it("lends the one that was returned last, whose code is the fastest", async () => {
    const pool = createPool(1, pdfium, { coreWatch: idleCores(), reserve: 1 });
    pools.push(pool);
    const [first, second] = [await pool.acquire(signal), await pool.acquire(signal)];
    pool.release(first);
    pool.release(second);
    for (let file = 0; file < 3; file++) {
      const child = await pool.acquire(signal);
      expect(child).toBe(second);
      pool.release(child);
    }
  });

  it("keeps one that is ready for urgent callers, while others wait for one that starts", async () => {
    const pool = createPool(1, pdfium, { coreWatch: idleCores(), reserve: 1 });
    pools.push(pool);
    const heavy = await pool.acquire(signal);
    const kept = await pool.acquire(signal);
    pool.release(kept);
    heavy.kill();
    pool.release(heavy); // the pool starts another child, because this one was killed
    const starting = pool.acquire(signal);
    expect(await pool.acquire(signal, true)).toBe(kept);
    expect(await starting).not.toBe(kept);
  });

  it("lends to an urgent caller what is ready first, before those who came earlier", async () => {
    const pool = createPool(1, pdfium, { coreWatch: idleCores(), reserve: 1 });
    pools.push(pool);
    const first = await pool.acquire(signal); // once the first child is ready, the pool starts the reserve child
    const order: string[] = [];
    const waiting = [false, false, true].map(async (isUrgent, index) => {
      const child = await pool.acquire(signal, isUrgent);
      order.push(`${index}${child === first ? "" : " of the reserve"}`);
      pool.release(child);
    });
    pool.release(first);
    await Promise.all(waiting);
    expect(order[0]).toBe("2");
  });

  it("lends the same child again and again", async () => {
    const pool = create(1, pdfium);
    const first = await pool.acquire(signal);
    pool.release(first);
    expect((await pool.acquire(signal)).pid).toBe(first.pid);
  });

  it("replaces one that was hurt or that died", async () => {
    const pool = create(1, pdfium);
    const hurt = await pool.acquire(signal);
    hurt.kill();
    pool.release(hurt);
    const dead = await pool.acquire(signal);
    expect(dead.pid).not.toBe(hurt.pid);
    await eventually(() => !runs(hurt.pid), { what: "the hurt child's end" });
    dead.kill();
    await eventually(() => !dead.alive);
    pool.release(dead);
    expect((await pool.acquire(signal)).pid).not.toBe(dead.pid);
  });

  it("lends one that has read enough files until its successor is ready, which starts in the background", async () => {
    const starts: boolean[] = [];
    const successor = Promise.withResolvers<void>();
    const start = (_: CoreWatch, inBackground: boolean): Child => {
      starts.push(inBackground);
      const child = pdfium();
      const { ready } = child;
      const late = successor.promise.then(() => ready);
      return inBackground ? Object.defineProperty(child, "ready", { value: late }) : child;
    };
    const pool = create(1, start, 2);
    const old = await pool.acquire(signal);
    pool.release(old);
    expect(await pool.acquire(signal)).toBe(old);
    pool.release(old);
    expect(starts).toEqual([false, true]);
    expect(await pool.acquire(signal)).toBe(old); // its third file; the successor is not ready
    successor.resolve();
    const next = pool.acquire(signal);
    const young = await next;
    expect(young.pid).not.toBe(old.pid);
    pool.release(old);
    await eventually(() => !runs(old.pid), { what: "the end of the child that has read enough" });
    pool.release(young);
    expect((await pool.acquire(signal)).pid).toBe(young.pid);
    expect(starts).toEqual([false, true]);
  });

  it("replaces a free one that has read enough files when its successor is ready", async () => {
    const pool = create(1, pdfium, 1);
    const old = await pool.acquire(signal);
    pool.release(old);
    await eventually(() => !runs(old.pid), { what: "the end of the child that has read enough" });
    expect((await pool.acquire(signal)).pid).not.toBe(old.pid);
  });

  it("replaces one at once after twice as many files, when no successor becomes ready", async () => {
    const starts: boolean[] = [];
    const start = (_: CoreWatch, inBackground: boolean): Child => {
      starts.push(inBackground);
      const child = pdfium();
      if (inBackground) child.kill();
      return child;
    };
    const pool = create(1, start, 2);
    const old = await pool.acquire(signal);
    pool.release(old);
    for (let file = 2; file <= 4; file++) {
      expect(await pool.acquire(signal)).toBe(old);
      pool.release(old);
      if (file === 2) await eventually(() => starts.length > 1);
    }
    expect((await pool.acquire(signal)).pid).not.toBe(old.pid);
    expect(starts.filter((inBackground) => !inBackground)).toHaveLength(2);
  });

  it("lends no spare one while a child still reads that has a successor already", async () => {
    const successor = Promise.withResolvers<void>();
    const started: Child[] = [];
    const start = (_: CoreWatch, inBackground: boolean): Child => {
      const child = pdfium();
      const { ready } = child;
      const late = successor.promise.then(() => ready);
      started.push(inBackground ? Object.defineProperty(child, "ready", { value: late }) : child);
      return child;
    };
    const pool = createPool(1, start, { coreWatch: idleCores(), reserve: 1, filesPerChild: 2 });
    pools.push(pool);
    const [old, other] = [await pool.acquire(signal), await pool.acquire(signal)];
    pool.release(other);
    pool.release(old);
    expect(await pool.acquire(signal)).toBe(old);
    pool.release(old); // after its second file its successor starts
    expect(await pool.acquire(signal)).toBe(old);
    successor.resolve();
    await started.at(-1)?.ready;
    await setImmediate();
    expect(pool.acquireSpare(() => undefined)).toBeUndefined();
    pool.release(old);
    await eventually(() => !runs(old.pid), { what: "the end of the child that has read enough" });
    expect(pool.acquireSpare(() => undefined)).toBeDefined();
  });

  it("does not grow when a free one dies while a caller waits", async () => {
    const started: Child[] = [];
    const start = (): Child => {
      const child = pdfium();
      started.push(child);
      return child;
    };
    const pool = createPool(1, start, { coreWatch: idleCores(), reserve: 1 });
    pools.push(pool);
    const first = await pool.acquire(signal);
    for (const child of started) if (child !== first) child.kill();
    const waiting = pool.acquire(signal);
    await eventually(() => started.some((child) => child !== first && !runs(child.pid)), { what: "the child's end" });
    pool.release(first);
    const second = await waiting;
    const third = await pool.acquire(signal); // not before the killed child was replaced
    expect(third).not.toBe(second);
    expect(started.filter(({ alive }) => alive)).toHaveLength(2);
  });

  it("refuses who waits when no child can be started where the cores have become full", async () => {
    let areFull = false;
    const start = (): Child => {
      if (areFull) throw new Error("no process left");
      return pdfium();
    };
    const pool = createPool(1, start, { coreWatch: { ...idleCores(), coresAreFull: () => areFull } });
    pools.push(pool);
    const child = await pool.acquire(signal);
    const waiting = pool.acquire(signal);
    pool.release(child);
    const busy = await waiting;
    const refused = expect(pool.acquire(signal)).rejects.toThrow("no process left");
    areFull = true;
    pool.release(busy);
    await refused;
  });

  it("replaces one that died while it was free", async () => {
    const pool = create(1, pdfium);
    const first = await pool.acquire(signal);
    pool.release(first);
    await eventually(async () => {
      const again = await pool.acquire(signal);
      pool.release(again);
      return again === first;
    });
    first.kill();
    await eventually(() => !first.alive);
    expect((await pool.acquire(signal)).pid).not.toBe(first.pid);
  });

  it("replaces one that holds over 350 MiB, and keeps one that holds less", async () => {
    const pool = create(1, () => startOnSharedCores("pdfium", startObeying));
    const light = await pool.acquire(signal);
    await read(light, hold(100));
    pool.release(light);
    const heavy = await pool.acquire(signal);
    expect(heavy).toBe(light);
    await read(heavy, hold(300));
    expect(heavy.memory()).toBeGreaterThan(350 * 1024 * 1024);
    pool.release(heavy);
    expect((await pool.acquire(signal)).pid).not.toBe(heavy.pid);
    await eventually(() => !runs(heavy.pid), { what: "the end of the child that holds too much" });
  });

  it("lends to those who wait in their order, and forgets who has given up", async () => {
    const pool = create(1, pdfium);
    const child = await pool.acquire(signal);
    const order: string[] = [];
    const tired = new AbortController();
    const waiting = ["a", "b"].map(async (name) => {
      const taken = await pool.acquire(name === "a" ? tired.signal : signal);
      order.push(name);
      pool.release(taken);
    });
    tired.abort(new Error("enough"));
    await expect(waiting[0]).rejects.toThrow("enough");
    pool.release(child);
    await waiting[1];
    expect(order).toEqual(["b"]);
  });

  it("sends away who waits when no other child can be started", async () => {
    let starts = 0;
    const pool = create(1, () => {
      if (starts++ > 0) throw new Error("no process left");
      const child = pdfium();
      child.kill();
      return child;
    });
    await expect(pool.acquire(signal)).rejects.toThrow("no process left");
  });

  it("lends one although none can be started for the reserve, and starts the reserve later", async () => {
    let starts = 0;
    const start = (): Child => {
      if (++starts === 2) throw new Error("no process is left");
      return pdfium();
    };
    const pool = createPool(1, start, { coreWatch: idleCores(), reserve: 1 });
    pools.push(pool);
    const first = await pool.acquire(signal);
    pool.release(first);
    expect(await pool.acquire(signal)).toBe(first);
    expect(await pool.acquire(signal)).not.toBe(first);
    expect(starts).toBe(3);
  });

  it("goes on with the next one when who was woken is aborted in the same turn", async () => {
    const pool = create(1, pdfium);
    const child = await pool.acquire(signal);
    const tired = new AbortController();
    const [first, second] = [pool.acquire(tired.signal), pool.acquire(signal)];
    pool.release(child);
    tired.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    expect(await second).toBe(child);
  });

  it("ends its children and sends away who waits when it is closed", async () => {
    const pool = create(2, pdfium);
    const [one, two] = [await pool.acquire(signal), await pool.acquire(signal)];
    const waiting = pool.acquire(signal);
    await pool[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow("closed");
    await eventually(() => !runs(one.pid) && !runs(two.pid), { what: "the end of all children" });
  });
});
