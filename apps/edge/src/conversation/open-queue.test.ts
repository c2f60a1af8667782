import { OPEN_MAX_BYTES } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import fc from "fast-check";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createOpenQueue, type OpenQueue, type OpenQueueRule, type LogReader } from "./open-queue.ts";

const RULE: OpenQueueRule = { maxBytes: OPEN_MAX_BYTES, atOnce: 64, maxPerUser: 100, maxWaiting: 1000, waitMs: 5000 };
const busy = { wire: { code: "BUSY", retryable: true, retryAfterMs: 1000 } };

const longest = (): number => OPEN_MAX_BYTES;

interface TestReader extends LogReader {
  /** `stall`: the client stops reading. `read`: it reads again. `leave`: its connection ends. */
  stall(): void;
  read(): void;
  leave(): void;
}
function reader(user: string): TestReader {
  const callbacks: Array<() => void> = [];
  let stalled = false;
  let gone = false;
  const roomy = (): void => {
    for (const callback of callbacks.splice(0)) callback();
  };
  return {
    user,
    get gone() {
      return gone;
    },
    whenRoom: (callback) => void (stalled && !gone ? callbacks.push(callback) : callback()),
    stall: () => void (stalled = true),
    read() {
      stalled = false;
      roomy();
    },
    leave() {
      gone = true;
      roomy();
    },
  };
}
/**
 * `open` queues an open of a conversation under a name, `began` lists the names of the opens that have begun, and
 * `finish` ends one of them.
 */
function opens(queue: OpenQueue): {
  began: string[];
  open(name: string, of: LogReader): Promise<void>;
  finish(name: string): void;
} {
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    began,
    open: (name, of) =>
      queue.run(
        of,
        () => {
          began.push(name);
          return new Promise((resolve) => ends.set(name, resolve));
        },
        longest,
      ),
    finish: (name) => ends.get(name)?.(),
  };
}

describe("the open queue", () => {
  it("goes round by user, whatever one of them has asked for", async () => {
    const queue = createOpenQueue(RULE);
    const order: string[] = [];
    const open = (name: string, of: LogReader): Promise<unknown> =>
      queue.run(
        of,
        async () => {
          order.push(name);
          await setImmediate();
        },
        longest,
      );
    const greedy = [reader("greedy"), reader("greedy")] as const;
    const all = [1, 2, 3, 4].flatMap((n) => greedy.map((of, tab) => open(`greedy.${tab}.${n}`, of)));
    all.push(open("ann", reader("ann")), open("bob", reader("bob")));
    await Promise.all(all);
    // The first open of the greedy user is served at once, because those of ann and bob are queued later. After it,
    // each user is served once before any user is served again.
    expect(order.indexOf("ann")).toBeLessThanOrEqual(2);
    expect(order.indexOf("bob")).toBeLessThanOrEqual(3);
    const tab = (of: number): string[] => order.filter((name) => name.startsWith(`greedy.${of}`));
    expect([tab(0), tab(1)]).toEqual([0, 1].map((of) => [1, 2, 3, 4].map((n) => `greedy.${of}.${n}`)));
    expect(queue.waiting).toBe(0);
  });

  it("reads one log at a time for a connection, however many may be read at once", async () => {
    const queue = createOpenQueue({ ...RULE, maxBytes: 4 * OPEN_MAX_BYTES });
    const { began, open, finish } = opens(queue);
    const [ann, bob] = [reader("ann"), reader("bob")];
    const all = [open("a1", ann), open("a2", ann), open("b1", bob)];
    await setImmediate();
    expect(began).toEqual(["a1", "b1"]);
    finish("a1");
    await eventually(() => began.length === 3);
    expect(began).toEqual(["a1", "b1", "a2"]);
    for (const name of began) finish(name);
    await Promise.all(all);
  });

  it("reads nothing more for a connection that has not read what it was sent, and holds up nobody by that", async () => {
    const queue = createOpenQueue(RULE);
    const { began, open, finish } = opens(queue);
    const [slow, good] = [reader("someone"), reader("someone")];
    const all = [open("s1", slow), open("s2", slow), open("g1", good), open("g2", good)];
    slow.stall();
    for (const name of ["s1", "g1", "g2"]) {
      await eventually(() => began.at(-1) === name);
      finish(name);
    }
    await Promise.all([all[0], all[2], all[3]]);
    await setImmediate();
    expect([began, queue.waiting]).toEqual([["s1", "g1", "g2"], 1]);
    slow.read();
    await eventually(() => began.at(-1) === "s2");
    finish("s2");
    await Promise.all(all);
  });

  it("refuses whoever has too many waiting, and everybody when all have", async () => {
    const queue = createOpenQueue({ ...RULE, maxPerUser: 2, maxWaiting: 3 });
    const { began, open, finish } = opens(queue);
    // One of these logs is being read, and the other two wait.
    const all = [1, 2, 3].map((n) => open(`a${n}`, reader("ann")));
    await expect(open("a4", reader("ann"))).rejects.toMatchObject(busy);
    all.push(open("b1", reader("bob")));
    await expect(open("c1", reader("cleo"))).rejects.toMatchObject(busy);
    for (let n = 0; n < 4; n++) {
      await eventually(() => began.length > n);
      finish(began[n] ?? "");
    }
    await Promise.all(all);
    expect([...began].sort()).toEqual(["a1", "a2", "a3", "b1"]);
  });

  it("refuses who has waited too long, also for a client that does not read, and never reads for them", async () => {
    const queue = createOpenQueue({ ...RULE, waitMs: 20 });
    const { began, open, finish } = opens(queue);
    const slow = reader("slow");
    slow.stall();
    await expect(open("s1", slow)).rejects.toMatchObject(busy);
    const first = open("a1", reader("ann"));
    await expect(open("b1", reader("bob"))).rejects.toMatchObject(busy);
    finish("a1");
    await first;
    slow.read();
    const again = open("s2", slow);
    await eventually(() => began.length === 2);
    finish("s2");
    await again;
    expect([began, queue.waiting]).toEqual([["a1", "s2"], 0]);
  });

  it("reads nothing for who has gone", async () => {
    const queue = createOpenQueue(RULE);
    const { began, open, finish } = opens(queue);
    const [slow, idle] = [reader("ann"), reader("bob")];
    slow.stall();
    const first = open("c1", reader("cleo"));
    const late = Promise.allSettled([open("s1", slow), open("s2", slow), open("i1", idle)]);
    slow.leave();
    idle.leave();
    await eventually(() => began.length === 1);
    finish("c1");
    await first;
    const ended = { status: "rejected", reason: expect.objectContaining({ wire: expect.anything() }) as Error };
    expect(await late).toEqual([ended, ended, ended]);
    expect([began, queue.waiting]).toEqual([["c1"], 0]);
  });

  it("gives a turn back when the reading throws", async () => {
    const queue = createOpenQueue(RULE);
    const ann = reader("ann");
    await expect(queue.run(ann, () => Promise.reject(new Error("broken")), longest)).rejects.toThrow("broken");
    expect(await queue.run(ann, async () => "next", longest)).toBe("next");
  });

  it("reads many short logs side by side, and few long ones from the first that is long", async () => {
    const queue = createOpenQueue({ ...RULE, maxBytes: 4 * OPEN_MAX_BYTES, atOnce: 16 });
    let running = 0;
    let most = 0;
    const read = (bytes: number): Promise<unknown> =>
      queue.run(
        reader("someone"),
        async () => {
          most = Math.max(most, ++running);
          await setImmediate();
          running--;
        },
        () => bytes,
      );
    const reads = async (count: number, bytes: number): Promise<number> => {
      most = 0;
      await Promise.all(Array.from({ length: count }, () => read(bytes)));
      return most;
    };
    expect(await reads(8, 1000)).toBe(4); // no log was read yet, so each one counts as a log of the largest size
    await reads(60, 1000);
    expect(await reads(60, 1000)).toBe(16);
    await reads(1, OPEN_MAX_BYTES);
    expect(await reads(20, OPEN_MAX_BYTES)).toBe(4);
  });

  it("whatever comes, stays within its bounds, serves each connection in order, and forgets everybody", async () => {
    const step = fc.record({ user: fc.nat(3), tab: fc.nat(2), stalls: fc.boolean(), ticks: fc.nat(2) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), async (steps, atOnce) => {
        const queue = createOpenQueue({ ...RULE, maxBytes: atOnce * OPEN_MAX_BYTES });
        const readers = new Map<string, TestReader>();
        const served = new Map<LogReader, number[]>();
        let running = 0;
        const all = steps.map(async ({ user, tab, stalls, ticks }, n) => {
          const name = `${user}.${tab}`;
          const of = readers.get(name) ?? reader(`u${user}`);
          readers.set(name, of);
          await queue.run(
            of,
            async () => {
              served.set(of, [...(served.get(of) ?? []), n]);
              expect(++running).toBeLessThanOrEqual(atOnce);
              for (let tick = 0; tick < ticks; tick++) await setImmediate();
              if (stalls) of.stall();
              running--;
            },
            longest,
          );
        });
        const reading = setInterval(() => readers.forEach((of) => of.read()), 1);
        await Promise.all(all);
        clearInterval(reading);
        for (const order of served.values()) expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect([...served.values()].flat()).toHaveLength(steps.length);
        expect([running, queue.waiting]).toEqual([0, 0]);
      }),
      { numRuns: 50 },
    );
  });
});
