import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_POOL, nextTick, stepPool, type PoolAction, type PoolInput, type PoolRule } from "./pool-state.ts";

const RULE: PoolRule = { connections: 2, restMs: 50, idleMs: 1000, maxWaiting: 4, maxServed: 8, patienceMs: 200 };

/** Makes a pool whose inputs and clock the test controls. Each input returns the pool's actions. */
function poolOf(rule: Partial<PoolRule> = {}) {
  const full = { ...RULE, ...rule };
  let state = EMPTY_POOL;
  let now = 0;
  let ticket = 0;
  const give = (input: PoolInput): readonly PoolAction[] => {
    const step = stepPool(state, input, now, full);
    state = step.state;
    return step.actions;
  };
  return {
    give,
    request: (affinity: string, uniqueId = affinity) =>
      give({ kind: "request", request: { ticket: ++ticket, affinity, uniqueId } }),
    release: (socket: number, echoed = true) => give({ kind: "released", socket, echoed }),
    after(ms: number) {
      now += ms;
      return give({ kind: "tick" });
    },
    next: () => nextTick(state, now, full),
    get state() {
      return state;
    },
  };
}

describe("the pool", () => {
  it("opens a connection, and uses it again for the same user at once", () => {
    const pool = poolOf();
    expect(pool.request("ann")).toEqual([{ do: "connect", ticket: 1, socket: 1 }]);
    expect(pool.release(1)).toEqual([]);
    expect(pool.request("ann")).toEqual([{ do: "assign", ticket: 2, socket: 1, mustEcho: false }]);
  });

  it("uses it for another user only after its rest, and then only frames with an id count", () => {
    const pool = poolOf({ connections: 1 });
    pool.request("ann");
    pool.release(1);
    expect(pool.request("bob")).toEqual([]);
    expect(pool.next()).toBe(50);
    expect(pool.after(49)).toEqual([]);
    expect(pool.after(1)).toEqual([{ do: "assign", ticket: 2, socket: 1, mustEcho: true }]);
  });

  it("lets a request of the resting connection's user overtake one that waits for it, but not for ever", () => {
    const pool = poolOf({ connections: 1, patienceMs: 40 });
    pool.request("ann");
    pool.release(1);
    pool.request("bob");
    expect(pool.request("ann")).toEqual([{ do: "assign", ticket: 3, socket: 1, mustEcho: false }]);
    pool.after(41);
    expect(pool.release(1)).toEqual([]);
    expect(pool.request("ann")).toEqual([]);
    expect(pool.after(50)).toEqual([{ do: "assign", ticket: 2, socket: 1, mustEcho: true }]);
  });

  it("never uses a connection of an engine without ids for another user, and replaces it", () => {
    const pool = poolOf({ connections: 1 });
    pool.request("ann");
    pool.release(1, false);
    pool.after(500);
    expect(pool.request("bob")).toEqual([
      { do: "end", socket: 1 },
      { do: "connect", ticket: 2, socket: 2 },
    ]);
  });

  it("never uses a connection for another user under an id that was used on it", () => {
    const pool = poolOf();
    pool.request("ann", "same-id");
    pool.release(1);
    pool.after(500);
    expect(pool.request("bob", "same-id")).toEqual([{ do: "connect", ticket: 2, socket: 2 }]);
    expect(pool.request("cid", "cid")).toEqual([{ do: "assign", ticket: 3, socket: 1, mustEcho: true }]);
    pool.release(1);
    expect(pool.request("ann", "same-id")).toEqual([]); // connection 1 still rests, and connection 2 is in use
    expect(pool.after(50)).toEqual([{ do: "assign", ticket: 4, socket: 1, mustEcho: true }]);
  });

  it("replaces a connection that has served its number of ids", () => {
    const pool = poolOf({ maxServed: 2 });
    pool.request("ann", "1");
    expect(pool.release(1)).toEqual([]);
    pool.request("ann", "2");
    expect(pool.release(1)).toEqual([{ do: "end", socket: 1 }]);
  });

  it("ends connections that were idle for long, and none that is busy", () => {
    const pool = poolOf();
    pool.request("ann");
    pool.request("bob");
    pool.release(1);
    expect(pool.next()).toBe(1000);
    expect(pool.after(1000)).toEqual([{ do: "end", socket: 1 }]);
    expect(pool.after(10_000)).toEqual([]);
    expect(pool.next()).toBeUndefined();
  });

  it("refuses when too many requests wait, and all that wait when it closes", () => {
    const pool = poolOf({ connections: 1, maxWaiting: 2 });
    pool.request("ann");
    pool.request("bob");
    pool.request("cid");
    expect(pool.request("dan")).toEqual([{ do: "refuse", ticket: 4, why: "full" }]);
    expect(pool.give({ kind: "closed" })).toEqual([
      { do: "end", socket: 1 },
      { do: "refuse", ticket: 2, why: "stopped" },
      { do: "refuse", ticket: 3, why: "stopped" },
    ]);
    expect(pool.request("eve")).toEqual([{ do: "refuse", ticket: 5, why: "stopped" }]);
    expect(pool.give({ kind: "gone", socket: 1 })).toEqual([]);
  });

  it("serves the next request in place of a withdrawn one", () => {
    const pool = poolOf({ connections: 1 });
    pool.request("ann");
    pool.request("bob");
    pool.request("cid");
    expect(pool.give({ kind: "withdrawn", ticket: 2 })).toEqual([]);
    expect(pool.give({ kind: "gone", socket: 1 })).toEqual([{ do: "connect", ticket: 3, socket: 2 }]);
  });
});

const someStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("request" as const),
      user: fc.constantFrom("ann", "bob", "cid"),
      id: fc.constantFrom("ann", "bob", "cid", "x"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("released" as const), pick: fc.nat(9), echoed: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("gone" as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("withdrawn" as const), pick: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("tick" as const), ms: fc.integer({ min: 0, max: 300 }) }) },
);

interface Use {
  readonly user: string;
  readonly id: string;
  echoed: boolean;
  endedAt: number;
}

describe("any history of the pool", () => {
  it("keeps to the cap, serves each request once, rests, and lets no late frame count as another user's reply", () => {
    fc.assert(
      fc.property(fc.array(someStep, { maxLength: 80 }), fc.integer({ min: 1, max: 3 }), (steps, connections) => {
        const rule = { ...RULE, connections, maxWaiting: 100 };
        const requests = new Map<number, { user: string; id: string }>();
        const unserved = new Set<number>();
        const uses = new Map<number, Use[]>(); // the uses of each connection, by its number (`socket`)
        const busy = new Set<number>();
        let state = EMPTY_POOL;
        let now = 0;
        let ticket = 0;

        const give = (input: PoolInput): void => {
          const step = stepPool(state, input, now, rule);
          state = step.state;
          for (const action of step.actions) {
            if (action.do === "end") {
              expect(busy.has(action.socket)).toBe(false);
              expect(uses.delete(action.socket)).toBe(true);
              continue;
            }
            expect(unserved.delete(action.ticket)).toBe(true);
            if (action.do === "refuse") throw new Error("no request is to be refused here");
            const request = requests.get(action.ticket);
            if (!request) throw new Error("no request has that ticket");
            expect(busy.has(action.socket)).toBe(false);
            busy.add(action.socket);
            const before = uses.get(action.socket);
            expect(before === undefined).toBe(action.do === "connect");
            for (const use of action.do === "assign" ? (before ?? []) : []) {
              if (use.user === request.user) continue;
              expect(action).toMatchObject({ mustEcho: true });
              expect(use.id).not.toBe(request.id);
            }
            const last = before?.at(-1);
            if (last && last.user !== request.user) {
              expect(now - last.endedAt).toBeGreaterThanOrEqual(rule.restMs);
              expect(before?.every((use) => use.echoed)).toBe(true);
            }
            uses.set(action.socket, [...(before ?? []), { ...request, echoed: true, endedAt: now }]);
          }
          expect(uses.size).toBeLessThanOrEqual(connections);
          expect(state.members.map(({ socket }) => socket).sort()).toEqual([...uses.keys()].sort());
        };

        for (const step of steps) {
          const held = [...busy];
          if (step.kind === "request") {
            requests.set(++ticket, step);
            unserved.add(ticket);
            give({ kind: "request", request: { ticket, affinity: step.user, uniqueId: step.id } });
          } else if (step.kind === "tick") {
            now += step.ms;
            give({ kind: "tick" });
          } else if (step.kind === "withdrawn") {
            const gone = [...unserved][step.pick];
            if (gone === undefined) continue;
            unserved.delete(gone);
            give({ kind: "withdrawn", ticket: gone });
          } else {
            const socket = (step.kind === "released" ? held : [...uses.keys()])[step.pick];
            if (socket === undefined) continue;
            busy.delete(socket);
            if (step.kind === "gone") {
              uses.delete(socket);
              give({ kind: "gone", socket });
            } else {
              Object.assign(uses.get(socket)?.at(-1) ?? {}, { echoed: step.echoed, endedAt: now });
              give({ kind: "released", socket, echoed: step.echoed });
            }
          }
        }

        // Once every reply has ended, `tick` inputs at the times that `nextTick` returns are enough to serve all
        // waiting requests.
        for (let turns = 0; unserved.size > 0 && turns < 1000; turns++) {
          const [socket] = busy;
          if (socket !== undefined) {
            busy.delete(socket);
            Object.assign(uses.get(socket)?.at(-1) ?? {}, { endedAt: now });
            give({ kind: "released", socket, echoed: uses.get(socket)?.at(-1)?.echoed ?? false });
          } else {
            const at = nextTick(state, now, rule);
            expect(at).toBeGreaterThan(now);
            now = at ?? now;
            give({ kind: "tick" });
          }
        }
        expect(unserved.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
