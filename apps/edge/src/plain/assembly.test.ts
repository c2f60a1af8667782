import fc from "fast-check";
import { expect, it } from "vitest";
import { createAssembly } from "./assembly.ts";

const LARGE = 300_000;

it("evicts the one that was silent for longest when there is no room", () => {
  const evicted: string[] = [];
  const assembly = createAssembly(1_000_000);
  const [a, b, c] = ["a", "b", "c"].map((name) => assembly.join(() => void evicted.push(name)));
  a?.received(LARGE);
  b?.received(LARGE);
  a?.received(LARGE);
  expect(assembly.bytes).toBe(3 * LARGE);
  c?.received(LARGE);
  expect(evicted).toEqual(["b"]);
  a?.finished();
  c?.finished();
  expect(assembly.bytes).toBe(0);
});

it("lets small frames be, however many and however full it is", () => {
  const assembly = createAssembly(LARGE);
  assembly.join(() => undefined).received(LARGE);
  for (let index = 0; index < 1000; index++) {
    assembly
      .join(() => {
        throw new Error("evicted");
      })
      .received(262_144);
  }
  expect(assembly.bytes).toBe(LARGE);
});

it("never holds more than its bound, and nothing when all have finished", () => {
  const step = fc.record({ who: fc.nat(5), bytes: fc.nat(400_000), finishes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const assembly = createAssembly(1_000_000);
      const members = Array.from({ length: 6 }, () => assembly.join(() => undefined));
      for (const { who, bytes, finishes } of steps) {
        members[who]?.received(bytes);
        if (finishes) members[who]?.finished();
        expect(assembly.bytes).toBeLessThanOrEqual(1_000_000);
      }
      for (const member of members) member.finished();
      expect(assembly.bytes).toBe(0);
    }),
  );
});
