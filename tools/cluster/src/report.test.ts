import { describe, expect, it } from "vitest";
import { broken, table } from "./report.ts";
import { createTally, percentile } from "./tally.ts";

const WANTED = new Map([
  ["roll", 300],
  ["kill a worker", 6000],
]);

describe("the verdict", () => {
  it("is good where all was answered in time", () => {
    const tally = createTally();
    tally.enter("roll");
    tally.asked();
    tally.answered();
    tally.gap(300);
    // A silence of 9 s is allowed in a phase without a kill, because an engine may be slow.
    tally.silence(9000);
    tally.retried();
    expect(broken(tally.phases, WANTED)).toEqual([]);
  });

  it.each(["lost", "wrong", "failed"] as const)("names what was %s, also in a phase without limits", (what) => {
    const tally = createTally();
    tally.enter("quiet");
    tally[what]("ask 1");
    expect(broken(tally.phases, WANTED)).toEqual([`1 asks ${what}`]);
    expect(tally.findings).toHaveLength(1);
  });

  it("names a gap that was too long, and a silence after a kill", () => {
    const tally = createTally();
    tally.enter("roll");
    tally.gap(301);
    tally.enter("kill a worker");
    tally.silence(6001);
    expect(broken(tally.phases, WANTED)).toEqual([
      "roll: p99 301 ms, wanted 300",
      "kill a worker: p99 6001 ms, wanted 6000",
    ]);
  });

  it("counts what was noted before a phase began", () => {
    const tally = createTally();
    tally.asked();
    tally.enter("roll");
    tally.answered();
    expect(tally.phases.map(({ name, asks, answers }) => [name, asks, answers])).toEqual([
      ["start", 1, 0],
      ["roll", 0, 1],
    ]);
    expect(table(tally.phases).split("\n").at(-1)).toMatch(/^all +1 +1 +0/);
  });
});

describe("percentile", () => {
  it("is the nearest rank, whatever the order", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0.01, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([1, 50, 99, 100]);
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.5)).toBeUndefined();
  });
});
