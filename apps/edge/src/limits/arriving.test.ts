import fc from "fast-check";
import { expect, it } from "vitest";
import { createArriving } from "./arriving.ts";

const LARGE = 300_000;
const rule = { maxBytes: 1_000_000, maxNetworkBytes: 500_000 };

it("evicts the one that was silent for longest when there is no room", () => {
  const evicted: string[] = [];
  const arriving = createArriving(rule);
  const [a, b, c] = ["a", "b", "c"].map((name) => arriving.join((why) => void evicted.push(`${name} ${why}`), 1000));
  a?.received(LARGE);
  b?.received(LARGE);
  a?.received(LARGE);
  expect(arriving.bytes).toBe(3 * LARGE);
  c?.received(LARGE);
  expect(evicted).toEqual(["b BUSY"]);
  a?.finished();
  c?.finished();
  expect(arriving.bytes).toBe(0);
});

it("evicts those of a network that has more than its share, and nobody else", () => {
  const evicted: string[] = [];
  const arriving = createArriving(rule);
  const join = (name: string, network: string) =>
    arriving.join((why) => void evicted.push(`${name} ${why}`), 1000, network);
  const honest = join("honest", "10.0.0.1");
  honest.received(LARGE);
  for (let n = 1; n <= 5; n++) join(`abuser ${n}`, "10.0.0.2").received(LARGE);
  expect(evicted).toEqual([1, 2, 3, 4].map((n) => `abuser ${n} BUSY`));
  expect(arriving.bytes).toBe(2 * LARGE);
  honest.finished();
  expect(arriving.bytes).toBe(LARGE);
});

it("lets small frames be, however many and however full it is", () => {
  const arriving = createArriving({ ...rule, maxBytes: LARGE });
  arriving.join(() => undefined, 1000).received(LARGE);
  for (let index = 0; index < 1000; index++) {
    arriving
      .join(() => {
        throw new Error("evicted");
      }, 1000)
      .received(16_384);
  }
  expect(arriving.bytes).toBe(LARGE);
});

it("never holds more than its bound, and nothing when all have finished", () => {
  const step = fc.record({ who: fc.nat(5), bytes: fc.nat(400_000), finishes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const arriving = createArriving(rule);
      const members = Array.from({ length: 6 }, (_, who) =>
        arriving.join(() => undefined, 1000, who < 4 ? `network ${who % 2}` : undefined),
      );
      for (const { who, bytes, finishes } of steps) {
        members[who]?.received(bytes);
        if (finishes) members[who]?.finished();
        expect(arriving.bytes).toBeLessThanOrEqual(1_000_000);
      }
      for (const member of members) member.finished();
      expect(arriving.bytes).toBe(0);
    }),
  );
});

it("evicts one whose message takes too long, and no other", () => {
  let now = 0;
  const evicted: string[] = [];
  const arriving = createArriving({ ...rule, now: () => now });
  const [a, b] = ["a", "b"].map((name) => arriving.join((why) => void evicted.push(`${name} ${why}`), 1000));
  for (now = 0; now < 1000; now += 100) {
    for (const member of [a, b]) member?.received(20_000);
    arriving.expire();
    if (now === 500) b?.finished();
  }
  arriving.expire();
  expect(evicted).toEqual(["a IDLE_TIMEOUT"]);
  expect(arriving.bytes).toBe(4 * 20_000);
});
