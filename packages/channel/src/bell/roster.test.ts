import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { createRoster, type Beat, type Roster } from "./roster.ts";

const beat = (worker: string, more: Partial<Beat> = {}): Beat => ({
  worker,
  version: 1,
  load: 0,
  capacity: 10,
  ...more,
});
function pass(roster: Roster, ticks: number): void {
  for (let tick = 0; tick < ticks; tick++) roster.tick();
}
/** Makes a source of random numbers with which `choose` compares the first worker of the list with the last one. */
function both(): () => number {
  let calls = 0;
  return () => (calls++ % 2 === 0 ? 0 : 0.999);
}

describe("choose", () => {
  it("is undefined when no worker is known", () => {
    expect(createRoster().choose()).toBeUndefined();
  });

  it("takes the less loaded of two, by the share of its capacity", () => {
    const roster = createRoster(both());
    roster.hear(beat("big", { load: 8, capacity: 100 }));
    roster.hear(beat("small", { load: 1, capacity: 10 }));
    expect(roster.choose()).toBe("big");
    roster.hear(beat("big", { load: 20, capacity: 100 }));
    expect(roster.choose()).toBe("small");
  });

  it("counts the bells since a worker's last beat", () => {
    const roster = createRoster(both());
    for (const worker of ["a", "b"]) roster.hear(beat(worker));
    const chosen = Array.from({ length: 10 }, () => roster.choose());
    expect(chosen.filter((worker) => worker === "a")).toHaveLength(5);
    roster.hear(beat("a", { load: 9 }));
    roster.hear(beat("b", { load: 8 }));
    expect(roster.choose()).toBe("b");
  });

  it("prefers a worker that was heard within three ticks, and takes a silent one when there is no other", () => {
    const roster = createRoster(both());
    roster.hear(beat("silent"));
    roster.hear(beat("full", { load: 10 }));
    pass(roster, 3);
    roster.hear(beat("full", { load: 10 }));
    expect(roster.choose()).toBe("silent");
    pass(roster, 1);
    expect(roster.choose()).toBe("full");
    expect(roster.choose({ not: "full" })).toBe("silent");
  });

  it("prefers a worker that can run records of the version, and takes an older one when there is no other", () => {
    const roster = createRoster(both());
    roster.hear(beat("old"));
    roster.hear(beat("new", { version: 2, load: 10 }));
    expect(roster.choose({ version: 1 })).toBe("old");
    expect(roster.choose({ version: 2 })).toBe("new");
    expect(roster.choose({ version: 2, not: "new" })).toBe("old");
  });

  it("never takes a worker that is only expected", () => {
    const roster = createRoster();
    roster.expect("unheard");
    expect(roster.has("unheard")).toBe(true);
    expect(roster.choose()).toBeUndefined();
    expect(roster.workers).toEqual([]);
  });
});

describe("leader", () => {
  it("is the first by name of those that are heard, also while a silent one before it is not yet gone", () => {
    const roster = createRoster();
    expect(roster.leader).toBeUndefined();
    for (const worker of ["b", "a", "c"]) roster.hear(beat(worker));
    roster.hear(beat("0", { capacity: 0 }));
    expect(roster.leader, "a worker without the role ask has no right to sweep").toBe("a");
    pass(roster, 3);
    roster.hear(beat("b"));
    expect(roster.leader).toBe("a");
    pass(roster, 1);
    expect(roster.leader).toBe("b");
    expect(roster.workers).toContain("a");
    roster.hear(beat("b", { leaving: true }));
    expect(roster.leader).toBeUndefined();
  });
});

type Step =
  | { do: "hear"; beat: Beat }
  | { do: "tick"; times: number }
  | { do: "expire" }
  | { do: "forget" | "expect"; worker: string }
  | { do: "choose"; version: number; not: string; random: number };

const names = fc.constantFrom("a", "b", "c", "d");
const small = fc.integer({ min: 0, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("tick" as const), times: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("hear" as const),
      beat: fc.record({
        worker: names,
        version: small,
        load: small,
        capacity: small,
        leaving: fc.constantFrom(true, false, false, false),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("forget" as const, "expect" as const), worker: names }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("expire" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("choose" as const),
      version: small,
      not: names,
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

/** A simple model of what a roster should know. */
interface Model {
  /**
   * The last beat of each worker, and the tick at which it was heard. For a worker that is expected but not heard yet,
   * `beat` is undefined.
   */
  readonly known: Map<string, { beat: Beat | undefined; at: number }>;
  now: number;
}

function play(roster: Roster, model: Model, one: Exclude<Step, { do: "choose" }>): void {
  const { known, now } = model;
  switch (one.do) {
    case "tick":
      pass(roster, one.times);
      model.now += one.times;
      return;
    case "hear":
      roster.hear(one.beat);
      known.set(one.beat.worker, { beat: one.beat, at: now });
      return;
    case "forget":
      roster.forget(one.worker);
      known.delete(one.worker);
      return;
    case "expect":
      roster.expect(one.worker);
      if (!known.has(one.worker)) known.set(one.worker, { beat: undefined, at: now });
      return;
    case "expire": {
      const gone = [...known].flatMap(([worker, { at }]) => (now - at >= 15 ? [worker] : []));
      expect(roster.expire()).toEqual(gone);
      for (const worker of gone) known.delete(worker);
    }
  }
}

/** Returns the workers any of which `choose` may return. */
function choices({ known, now }: Model, version: number, not: string): string[] {
  const able = [...known].filter(([worker, { beat }]) => beat && !beat.leaving && beat.capacity > 0 && worker !== not);
  const fitting = able.filter(([, { beat }]) => Number(beat?.version) >= version);
  const best = fitting.length > 0 ? fitting : able;
  const fresh = best.filter(([, { at }]) => now - at <= 3);
  return (fresh.length > 0 ? fresh : best).map(([worker]) => worker);
}

describe("any history of beats and ticks", () => {
  it("leads to a choice of a worker that is there, fits if one fits, and is fresh if one of those is", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        let random = 0;
        const roster = createRoster(() => random);
        const model: Model = { known: new Map(), now: 0 };
        for (const one of steps) {
          if (one.do === "choose") {
            random = one.random;
            const chosen = roster.choose(one);
            const expected = choices(model, one.version, one.not);
            expect(expected.length === 0 ? [undefined] : expected).toContain(chosen);
          } else play(roster, model, one);
          const { known } = model;
          expect(["a", "b", "c", "d"].filter((worker) => roster.has(worker))).toEqual([...known.keys()].toSorted());
          const heard = [...known].flatMap(([worker, { beat: last }]) => (last && !last.leaving ? [worker] : []));
          expect(roster.workers).toEqual(heard.toSorted());
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("silence", () => {
  it("is counted in ticks, by no clock", () => {
    vi.useFakeTimers();
    try {
      const roster = createRoster();
      roster.hear(beat("a"));
      vi.advanceTimersByTime(3_600_000);
      expect(roster.expire()).toEqual([]);
      expect(roster.suspects()).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("makes a worker suspect after two missed beats, and gone after 15", () => {
    const roster = createRoster();
    roster.hear(beat("silent"));
    roster.expect("unheard");
    pass(roster, 2);
    expect(roster.suspects()).toEqual([]);
    pass(roster, 1);
    roster.hear(beat("late"));
    expect(roster.suspects()).toEqual(["silent", "unheard"]);
    pass(roster, 11);
    expect(roster.expire()).toEqual([]);
    expect(roster.choose({ not: "late" })).toBe("silent");
    pass(roster, 1);
    expect(roster.expire()).toEqual(["silent", "unheard"]);
    expect(["silent", "unheard", "late"].map((worker) => roster.has(worker))).toEqual([false, false, true]);
    expect(roster.expire()).toEqual([]);
  });

  it("begins anew with each beat, and not when a heard worker is expected", () => {
    const roster = createRoster();
    roster.hear(beat("a"));
    pass(roster, 14);
    roster.hear(beat("a"));
    pass(roster, 14);
    roster.expect("a");
    expect(roster.expire()).toEqual([]);
    pass(roster, 1);
    expect(roster.expire()).toEqual(["a"]);
  });
});

it("lists the workers that were heard in order of their names, also those without the role ask", () => {
  const roster = createRoster();
  for (const worker of ["c", "a", "b"]) roster.hear(beat(worker, { capacity: worker === "a" ? 0 : 1 }));
  expect(roster.workers).toEqual(["a", "b", "c"]);
});
