import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { World, type Fate } from "../../test/world.ts";
import { wireError } from "../errors/error.ts";
import { follow } from "./follow.ts";
import type { FollowInput } from "./follow-state.ts";

const pick = fc.nat(30);
const of = <T extends Fate["type"]>(...types: T[]): fc.Arbitrary<{ type: T }> =>
  fc.record({ type: fc.constantFrom(...types) });

const COMMON: Array<{ weight: number; arbitrary: fc.Arbitrary<Fate> }> = [
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("ask" as const), deltas: fc.nat(6), end: fc.boolean() }),
  },
  { weight: 4, arbitrary: of("more") },
  { weight: 2, arbitrary: of("retry", "end") },
  { weight: 8, arbitrary: fc.record({ type: fc.constantFrom("deliver" as const, "repeat" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("drop" as const), pick }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom("read" as const, "answer" as const), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("refuse" as const),
      pick,
      code: fc.constantFrom("BUSY" as const, "STORE_UNAVAILABLE" as const, "RATE_LIMITED" as const),
    }),
  },
  { weight: 3, arbitrary: of("connect") },
  { weight: 1, arbitrary: of("break", "resync") },
  { weight: 1, arbitrary: of("acked") },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.nat(12_000) }) },
];
const trims = {
  weight: 1,
  arbitrary: fc.record({ type: fc.constant("trim" as const), keep: fc.integer({ min: 1, max: 9 }) }),
};
const thinnings = {
  weight: 2,
  arbitrary: fc.record({ type: fc.constant("thin" as const), keep: fc.integer({ min: 1, max: 9 }) }),
};
const rollbacks = { weight: 1, arbitrary: fc.record({ type: fc.constant("rollback" as const), lost: fc.nat(9) }) };

const lives = (...more: Array<{ weight: number; arbitrary: fc.Arbitrary<Fate> }>): fc.Arbitrary<Fate[]> =>
  fc.array(fc.oneof(...COMMON, ...more), { maxLength: 120, size: "max" });
const randoms = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));

function live(fates: readonly Fate[], random: () => number, step = follow, holes = false): World {
  const world = new World(step, random, holes);
  for (const fate of fates) world.suffer(fate);
  return world;
}
const next = (stream: fc.Stream<number>) => (): number => stream.next().value ?? 0;

describe("whatever the network does, a reader ends with the log: each event once, in order, none left out", () => {
  test("over a log that only grows, and without forgetting anything", () => {
    fc.assert(
      fc.property(lives(), randoms, (fates, random) => {
        const world = live(fates, next(random));
        world.finish();
        world.suffer({ type: "break" });
        world.suffer({ type: "connect" });
        world.calm();
        expect(world.shown).toEqual(world.log);
        expect(world.resets).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  test("over a log that is trimmed and rolled back, on a reconnect or on the resync alone", () => {
    fc.assert(
      fc.property(lives(trims, rollbacks), randoms, fc.boolean(), (fates, random, reconnects) => {
        const world = live(fates, next(random));
        world.finish();
        if (reconnects) world.suffer({ type: "break" });
        world.suffer({ type: "connect" });
        world.suffer({ type: "resync" });
        world.calm();
        // `isWhole` permits events that the log has trimmed since they were applied, but no event that a rollback has
        // removed.
        expect(world.isWhole).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("over a log that drops pieces of older answers, is trimmed and rolled back, for a reader that takes holes", () => {
    fc.assert(
      fc.property(lives(thinnings, trims, rollbacks), randoms, (fates, random) => {
        const world = live(fates, next(random), follow, true);
        world.finish();
        world.suffer({ type: "connect" });
        world.suffer({ type: "resync" });
        world.calm();
        expect(world.isWhole).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("with nothing but its watchdog: the end of an own ask is found even when every live event is lost", () => {
    fc.assert(
      fc.property(lives(), randoms, (fates, random) => {
        const world = live(fates, next(random));
        world.suffer({ type: "connect" });
        world.suffer({ type: "ask", deltas: 3, end: false });
        world.finish();
        world.live.length = 0;
        world.suffer({ type: "acked" });
        world.calm();
        expect(world.shown).toEqual(world.log);
      }),
      { numRuns: 300 },
    );
  });
});

test("a reader that takes holes starts over when what it applied since a resync may be of a log that is gone", () => {
  const world = new World(follow, () => 0.5, true);
  const more = (): void => {
    for (let n = 0; n < 2; n++) world.suffer({ type: "more" });
  };
  const deliver = (): void => {
    for (let n = 0; n < 2; n++) world.suffer({ type: "deliver", pick: 0 });
  };
  world.suffer({ type: "connect" });
  world.calm();
  world.suffer({ type: "ask", deltas: 0, end: false });
  deliver();
  world.suffer({ type: "resync" });
  more();
  deliver();
  expect(world.shown).toHaveLength(4);
  world.suffer({ type: "rollback", lost: 2 });
  more();
  world.live.length = 0;
  world.finish();
  world.suffer({ type: "thin", keep: 1 });
  world.calm();
  expect(world.resets).toBe(1);
  expect(world.shown).toEqual(world.log);
});

describe("canaries: the properties above can fail", () => {
  const broken =
    (bend: (input: FollowInput, last: number | undefined) => FollowInput): typeof follow =>
    (state, input, now, random) =>
      follow(state, bend(input, state.last), now, random);
  const fails = (step: typeof follow, more: Parameters<typeof lives> = [], holes = false): boolean =>
    fc.check(
      fc.property(lives(...more), randoms, (fates, random) => {
        const world = live(fates, next(random), step, holes);
        world.finish();
        world.suffer({ type: "connect" });
        world.suffer({ type: "resync" });
        world.calm();
        return world.isWhole;
      }),
      { numRuns: 600, seed: 7 },
    ).failed;

  test("a reader without the gap check shows a hole", () => {
    const gapless = broken((input, last) =>
      input.type === "event" && last !== undefined && input.event.seq > last
        ? { ...input, event: { ...input.event, seq: last + 1 } }
        : input,
    );
    expect(fails(gapless)).toBe(true);
  });
  test("a reader that takes an old open's answer for the newest shows the wrong thing or never rests", () => {
    const eager: typeof follow = (state, input, now, random) =>
      follow(
        state,
        input.type === "opened" ? { ...input, call: state.call, more: false, head: null } : input,
        now,
        random,
      );
    expect(fails(eager)).toBe(true);
  });
  test("a reader that asks from its last event after a resync mixes two logs", () => {
    const trusting: typeof follow = (state, input, now, random) =>
      follow({ ...state, unverified: undefined }, input, now, random);
    expect(fails(trusting, [rollbacks])).toBe(true);
  });
  test("a reader that takes every hole in a reply for one shows one", () => {
    const careless = broken((input) =>
      input.type === "opened" ? { ...input, events: input.events.slice(-1) } : input,
    );
    expect(fails(careless, [thinnings], true)).toBe(true);
  });
  test("as it is, it passes the same runs", () => {
    expect(fails(follow, [rollbacks, trims])).toBe(false);
    expect(fails(follow, [rollbacks, trims, thinnings], true)).toBe(false);
  });
});

/** Returns a world whose reader has applied the events `accepted`, `started` and one delta of a running ask. */
function reading(random = 0.5): World {
  const world = new World(follow, () => random);
  world.suffer({ type: "ask", deltas: 1, end: false });
  world.suffer({ type: "connect" });
  world.suffer({ type: "read", pick: 0 });
  world.suffer({ type: "answer", pick: 0 });
  expect(world.state.phase).toBe("live");
  world.opens = [];
  return world;
}
function tickWhenDue(world: World): number {
  const ms = (world.state.wakeAt ?? Number.NaN) - world.now;
  world.suffer({ type: "wait", ms });
  return ms;
}

describe("the watchdog", () => {
  test("reopens after 5, 10, 20 and then every 30 s of silence while an ask runs", () => {
    const world = reading();
    const waited = Array.from({ length: 6 }, () => {
      const ms = tickWhenDue(world);
      world.suffer({ type: "read", pick: 0 });
      world.suffer({ type: "answer", pick: 0 });
      return ms;
    });
    expect(waited).toEqual([5000, 10_000, 20_000, 30_000, 30_000, 30_000]);
    const at = { seq: 3, nonce: "n3" };
    expect(world.opens.map(({ after }) => after)).toEqual([at, at, at, at, at, at]);
  });
  test("begins anew with every event", () => {
    const world = reading();
    tickWhenDue(world);
    world.suffer({ type: "read", pick: 0 });
    world.suffer({ type: "answer", pick: 0 });
    world.suffer({ type: "more" });
    world.suffer({ type: "deliver", pick: 0 });
    expect((world.state.wakeAt ?? 0) - world.now).toBe(5000);
  });
  test("rests while nothing runs", () => {
    const world = reading();
    world.suffer({ type: "end" });
    world.suffer({ type: "deliver", pick: 0 });
    expect(world.state.wakeAt).toBeUndefined();
  });
  test("starts with an own ask's acknowledgement, before any event of it came", () => {
    const world = reading();
    world.suffer({ type: "end" });
    world.suffer({ type: "deliver", pick: 0 });
    world.input({ type: "asked", ask: "mine", seq: 5, duplicate: false });
    expect((world.state.wakeAt ?? 0) - world.now).toBe(5000);
  });
});

describe("opening again", () => {
  test("happens at once on a gap, with the last position", () => {
    const world = reading();
    world.suffer({ type: "more" });
    world.suffer({ type: "more" });
    world.suffer({ type: "drop", pick: 0 });
    world.suffer({ type: "deliver", pick: 0 });
    expect(world.opens).toEqual([{ type: "open", call: 2, after: { seq: 3, nonce: "n3" } }]);
  });
  test.each([0, 0.25, 0.999])("after a resync is spread over two seconds (random %d)", (random) => {
    const world = reading(random);
    world.suffer({ type: "resync" });
    expect(world.opens).toEqual([]);
    expect((world.state.wakeAt ?? 0) - world.now).toBeCloseTo(random * 2000);
    tickWhenDue(world);
    expect(world.opens).toHaveLength(1);
  });
  test("after a refusal waits as long as the server asks, and longer each time by itself", () => {
    const world = reading(0.999);
    world.suffer({ type: "break" });
    world.suffer({ type: "connect" });
    const waits = Array.from({ length: 8 }, () => {
      world.suffer({ type: "refuse", pick: 0, code: "BUSY" });
      world.suffer({ type: "answer", pick: 0 });
      return Math.round(tickWhenDue(world) / 10) * 10;
    });
    expect(waits).toEqual([700, 700, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });
  test.each(["while it waits", "while the open is on its way"] as const)(
    "after many refusals does not wait out its patience when the server says resync %s",
    (when) => {
      const world = reading(0.5);
      world.suffer({ type: "break" });
      world.suffer({ type: "connect" });
      const refuse = (): void => {
        world.suffer({ type: "refuse", pick: 0, code: "STORE_UNAVAILABLE" });
        world.suffer({ type: "answer", pick: 0 });
      };
      for (let times = 0; times < 8; times++) {
        refuse();
        tickWhenDue(world);
      }
      if (when === "while it waits") refuse();
      world.suffer({ type: "resync" });
      if (when !== "while it waits") refuse();
      expect((world.state.wakeAt ?? Number.NaN) - world.now).toBeLessThanOrEqual(1000);
      const opens = world.opens.length;
      tickWhenDue(world);
      expect(world.opens).toHaveLength(opens + 1);
    },
  );
  test("without an answer is tried again after 10 s, and the late answer is ignored", () => {
    const world = reading();
    world.suffer({ type: "break" });
    world.suffer({ type: "connect" });
    expect(tickWhenDue(world)).toBe(10_000);
    const [, late, newest] = [0, ...world.opens.map(({ call }) => call)];
    expect(newest).toBe((late ?? 0) + 1);
    world.input({ type: "opened", call: late ?? 0, events: [], more: false, first: 1, head: null });
    expect(world.state.phase).toBe("opening");
    expect(world.resets).toBe(0);
  });
  test("on RESUME_LOST forgets everything and asks from the start", () => {
    const world = reading();
    world.suffer({ type: "break" });
    world.suffer({ type: "connect" });
    world.input({ type: "refused", call: world.state.call, error: wireError("RESUME_LOST") });
    expect(world.resets).toBe(1);
    expect(world.opens.at(-1)).toEqual({ type: "open", call: world.state.call });
  });
  test("that is refused for good fails once, and nothing follows", () => {
    const { state } = reading();
    const opening = follow(state, { type: "connected" }, 0, 0);
    const refused = { type: "refused", call: opening.state.call, error: wireError("FORBIDDEN") } as const;
    const failed = follow(opening.state, refused, 0, 0);
    expect(failed.actions).toEqual([{ type: "fail", error: wireError("FORBIDDEN") }]);
    for (const input of [{ type: "connected" }, { type: "resync" }, { type: "tick" }] as const)
      expect(follow(failed.state, input, 1e9, 0)).toEqual({ state: failed.state, actions: [] });
  });
  test("keeps at most 512 events that were heard meanwhile, and reads the rest from the log", () => {
    const world = new World();
    world.suffer({ type: "connect" });
    world.suffer({ type: "read", pick: 0 });
    world.suffer({ type: "ask", deltas: 0, end: false });
    for (let n = 0; n < 700; n++) world.suffer({ type: "more" });
    for (let n = 0; n < 702; n++) world.suffer({ type: "deliver", pick: 0 });
    expect(world.state.buffered).toHaveLength(512);
    world.finish();
    world.calm(1000);
    expect(world.shown).toEqual(world.log);
  });
});
