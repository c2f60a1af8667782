import { assert, property, array, double } from "fast-check";
import { describe, expect, it } from "vitest";
import { createHistogram, latencyOf } from "./histogram.ts";

describe("a histogram", () => {
  it("answers any percentile to within 0.1 % (or 1 µs) of the sorted samples'", () => {
    const samples = array(double({ min: 0, max: 2_000_000, noNaN: true }), { minLength: 1, maxLength: 300 });
    const percents = double({ min: 0, max: 100, noNaN: true });
    assert(
      property(samples, percents, (values, p) => {
        const histogram = createHistogram();
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil((values.length * p) / 100)) - 1] ?? 0;
        const rounding = 1e-9; // of the numbers in this line
        expect(Math.abs(histogram.percentile(p) - exact)).toBeLessThanOrEqual(exact * 0.001 + 0.001 + rounding);
      }),
    );
  });

  it("keeps what is out of range at its edges", () => {
    const histogram = createHistogram();
    for (const ms of [-5, 2, 9e9]) histogram.record(ms);
    expect(histogram.count).toBe(3);
    expect(histogram.percentile(1)).toBe(0.001);
    expect(histogram.max).toBeCloseTo(2_147_483.6, -4);
  });

  it("is all zeros when empty", () => {
    expect(latencyOf("nothing", createHistogram())).toMatchObject({ count: 0, p50: 0, p99: 0, max: 0 });
  });

  it("gives a curve that never falls", () => {
    const histogram = createHistogram();
    for (let ms = 0; ms < 1000; ms += 0.37) histogram.record(ms);
    const heights = latencyOf("any", histogram).curve.map(([, ms]) => ms);
    expect(heights).toEqual(heights.toSorted((a, b) => a - b));
  });
});
