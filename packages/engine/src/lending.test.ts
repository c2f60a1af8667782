import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lend, nextTick, NO_LENDING, type LendingAction, type LendingInput, type LendingRule } from "./lending.ts";

const RULE: LendingRule = { connections: 2, restMs: 50, idleMs: 1000, maxWaiting: 4, maxServed: 8, patienceMs: 200 };

/** A pool by hand: inputs at times, actions out. */
function lendingOf(rule: Partial<LendingRule> = {}) {
  const full = { ...RULE, ...rule };
  let lending = NO_LENDING;
  let now = 0;
  let ticket = 0;
  const give = (input: LendingInput): readonly LendingAction[] => {
    const step = lend(lending, input, now, full);
    lending = step.lending;
    return step.actions;
  };
  return {
    give,
    wish: (affinity: string, uniqueId = affinity) =>
      give({ kind: "wish", wish: { ticket: ++ticket, affinity, uniqueId } }),
    back: (socket: number, echoed = true) => give({ kind: "returned", socket, echoed }),
    after(ms: number) {
      now += ms;
      return give({ kind: "tick" });
    },
    next: () => nextTick(lending, now, full),
    get state() {
      return lending;
    },
  };
}

describe("lending", () => {
  it("opens a connection, and lends it again to the same user at once", () => {
    const pool = lendingOf();
    expect(pool.wish("ann")).toEqual([{ do: "connect", ticket: 1, socket: 1 }]);
    expect(pool.back(1)).toEqual([]);
    expect(pool.wish("ann")).toEqual([{ do: "lend", ticket: 2, socket: 1, mustEcho: false }]);
  });

  it("lends it to another user only after its rest, and only frames with an id count then", () => {
    const pool = lendingOf({ connections: 1 });
    pool.wish("ann");
    pool.back(1);
    expect(pool.wish("bob")).toEqual([]);
    expect(pool.next()).toBe(50);
    expect(pool.after(49)).toEqual([]);
    expect(pool.after(1)).toEqual([{ do: "lend", ticket: 2, socket: 1, mustEcho: true }]);
  });

  it("lets the resting connection's user pass one who has to wait for it, but not for ever", () => {
    const pool = lendingOf({ connections: 1, patienceMs: 40 });
    pool.wish("ann");
    pool.back(1);
    pool.wish("bob");
    expect(pool.wish("ann")).toEqual([{ do: "lend", ticket: 3, socket: 1, mustEcho: false }]);
    pool.after(41);
    expect(pool.back(1)).toEqual([]);
    expect(pool.wish("ann")).toEqual([]);
    expect(pool.after(50)).toEqual([{ do: "lend", ticket: 2, socket: 1, mustEcho: true }]);
  });

  it("never lends a connection of an engine without ids to another user: it gives way to a new one", () => {
    const pool = lendingOf({ connections: 1 });
    pool.wish("ann");
    pool.back(1, false);
    pool.after(500);
    expect(pool.wish("bob")).toEqual([
      { do: "end", socket: 1 },
      { do: "connect", ticket: 2, socket: 2 },
    ]);
  });

  it("never lends a connection to another user under an id that somebody used on it", () => {
    const pool = lendingOf();
    pool.wish("ann", "same-id");
    pool.back(1);
    pool.after(500);
    expect(pool.wish("bob", "same-id")).toEqual([{ do: "connect", ticket: 2, socket: 2 }]);
    expect(pool.wish("cid", "cid")).toEqual([{ do: "lend", ticket: 3, socket: 1, mustEcho: true }]);
    pool.back(1);
    expect(pool.wish("ann", "same-id")).toEqual([]); // it rests, and both are taken
    expect(pool.after(50)).toEqual([{ do: "lend", ticket: 4, socket: 1, mustEcho: true }]);
  });

  it("replaces a connection that has served its number of ids", () => {
    const pool = lendingOf({ maxServed: 2 });
    pool.wish("ann", "1");
    expect(pool.back(1)).toEqual([]);
    pool.wish("ann", "2");
    expect(pool.back(1)).toEqual([{ do: "end", socket: 1 }]);
  });

  it("ends what was idle for long, and nothing that is busy", () => {
    const pool = lendingOf();
    pool.wish("ann");
    pool.wish("bob");
    pool.back(1);
    expect(pool.next()).toBe(1000);
    expect(pool.after(1000)).toEqual([{ do: "end", socket: 1 }]);
    expect(pool.after(10_000)).toEqual([]);
    expect(pool.next()).toBeUndefined();
  });

  it("refuses when too many wait, and all who wait when it closes", () => {
    const pool = lendingOf({ connections: 1, maxWaiting: 2 });
    pool.wish("ann");
    pool.wish("bob");
    pool.wish("cid");
    expect(pool.wish("dan")).toEqual([{ do: "refuse", ticket: 4, why: "full" }]);
    expect(pool.give({ kind: "closed" })).toEqual([
      { do: "end", socket: 1 },
      { do: "refuse", ticket: 2, why: "closed" },
      { do: "refuse", ticket: 3, why: "closed" },
    ]);
    expect(pool.wish("eve")).toEqual([{ do: "refuse", ticket: 5, why: "closed" }]);
    expect(pool.give({ kind: "gone", socket: 1 })).toEqual([]);
  });

  it("serves the next in place of who has withdrawn", () => {
    const pool = lendingOf({ connections: 1 });
    pool.wish("ann");
    pool.wish("bob");
    pool.wish("cid");
    expect(pool.give({ kind: "withdrawn", ticket: 2 })).toEqual([]);
    expect(pool.give({ kind: "gone", socket: 1 })).toEqual([{ do: "connect", ticket: 3, socket: 2 }]);
  });
});

const someStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("wish" as const),
      user: fc.constantFrom("ann", "bob", "cid"),
      id: fc.constantFrom("ann", "bob", "cid", "x"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("returned" as const), pick: fc.nat(9), echoed: fc.boolean() }),
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

describe("any history of lending", () => {
  it("keeps to the cap, serves everybody once, rests, and lets no late frame pass for somebody else's reply", () => {
    fc.assert(
      fc.property(fc.array(someStep, { maxLength: 80 }), fc.integer({ min: 1, max: 3 }), (steps, connections) => {
        const rule = { ...RULE, connections, maxWaiting: 100 };
        const wishes = new Map<number, { user: string; id: string }>();
        const unserved = new Set<number>();
        const uses = new Map<number, Use[]>(); // by socket that is open
        const busy = new Set<number>();
        let lending = NO_LENDING;
        let now = 0;
        let ticket = 0;

        const give = (input: LendingInput): void => {
          const step = lend(lending, input, now, rule);
          lending = step.lending;
          for (const action of step.actions) {
            if (action.do === "end") {
              expect(busy.has(action.socket)).toBe(false);
              expect(uses.delete(action.socket)).toBe(true);
              continue;
            }
            expect(unserved.delete(action.ticket)).toBe(true);
            if (action.do === "refuse") throw new Error("nobody is to be refused here");
            const wish = wishes.get(action.ticket);
            if (!wish) throw new Error("nobody has that ticket");
            expect(busy.has(action.socket)).toBe(false);
            busy.add(action.socket);
            const before = uses.get(action.socket);
            expect(before === undefined).toBe(action.do === "connect");
            for (const use of action.do === "lend" ? (before ?? []) : []) {
              if (use.user === wish.user) continue;
              expect(action).toMatchObject({ mustEcho: true });
              expect(use.id).not.toBe(wish.id);
            }
            const last = before?.at(-1);
            if (last && last.user !== wish.user) {
              expect(now - last.endedAt).toBeGreaterThanOrEqual(rule.restMs);
              expect(before?.every((use) => use.echoed)).toBe(true);
            }
            uses.set(action.socket, [...(before ?? []), { ...wish, echoed: true, endedAt: now }]);
          }
          expect(uses.size).toBeLessThanOrEqual(connections);
          expect(lending.members.map(({ socket }) => socket).sort()).toEqual([...uses.keys()].sort());
        };

        for (const step of steps) {
          const lent = [...busy];
          if (step.kind === "wish") {
            wishes.set(++ticket, step);
            unserved.add(ticket);
            give({ kind: "wish", wish: { ticket, affinity: step.user, uniqueId: step.id } });
          } else if (step.kind === "tick") {
            now += step.ms;
            give({ kind: "tick" });
          } else if (step.kind === "withdrawn") {
            const gone = [...unserved][step.pick];
            if (gone === undefined) continue;
            unserved.delete(gone);
            give({ kind: "withdrawn", ticket: gone });
          } else {
            const socket = (step.kind === "returned" ? lent : [...uses.keys()])[step.pick];
            if (socket === undefined) continue;
            busy.delete(socket);
            if (step.kind === "gone") {
              uses.delete(socket);
              give({ kind: "gone", socket });
            } else {
              Object.assign(uses.get(socket)?.at(-1) ?? {}, { echoed: step.echoed, endedAt: now });
              give({ kind: "returned", socket, echoed: step.echoed });
            }
          }
        }

        // Once every reply has ended, all who wait are served by the ticks that are announced, and nothing else.
        for (let turns = 0; unserved.size > 0 && turns < 1000; turns++) {
          const [socket] = busy;
          if (socket !== undefined) {
            busy.delete(socket);
            Object.assign(uses.get(socket)?.at(-1) ?? {}, { endedAt: now });
            give({ kind: "returned", socket, echoed: uses.get(socket)?.at(-1)?.echoed ?? false });
          } else {
            const at = nextTick(lending, now, rule);
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
