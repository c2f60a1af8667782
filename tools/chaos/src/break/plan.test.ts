import { describe, expect, it } from "vitest";
import { plan } from "./plan.ts";
import { createRandom } from "../random.ts";

const SMOKE_MS = 120_000;
const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);

describe("a plan of what to break", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(plan(createRandom(4), SMOKE_MS)).toEqual(plan(createRandom(4), SMOKE_MS));
    expect(plan(createRandom(4), SMOKE_MS)).not.toEqual(plan(createRandom(5), SMOKE_MS));
  });
  it.each(SEEDS)("kills at least 13 edges, 13 workers and 4 Redis in a smoke run of seed %i", (seed) => {
    const breaks = plan(createRandom(seed), SMOKE_MS);
    const count = (fault: string): number => breaks.filter((one) => one.fault === fault).length;
    expect(count("kill edge")).toBeGreaterThanOrEqual(13);
    expect(count("kill worker")).toBeGreaterThanOrEqual(13);
    expect(count("kill redis")).toBeGreaterThanOrEqual(4);
    expect(breaks.map(({ atMs }) => atMs)).toEqual(breaks.map(({ atMs }) => atMs).sort((a, b) => a - b));
    expect(breaks.at(-1)?.atMs).toBeLessThan(SMOKE_MS);
  });
});
