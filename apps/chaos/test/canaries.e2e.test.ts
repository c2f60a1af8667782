import { describe, expect, it } from "vitest";
import { CANARIES } from "../src/canaries.ts";
import { playStage } from "../src/stage.ts";

const MOST_MS = 20_000;

describe.each(CANARIES)("the suite's own proof: $name", ({ variant, fault, options, play }) => {
  it("is found in the broken one", { timeout: 2 * MOST_MS }, async () => {
    const begun = performance.now();
    const broken = { ...options, ...(variant === undefined ? {} : { variant }) };
    const { violations } = await playStage(broken, (stage) => play(stage, true));
    expect(violations.map((violation) => violation.fault)).toContain(fault);
    expect(performance.now() - begun).toBeLessThan(2 * MOST_MS);
  });

  it("and nothing is found in the sound one", { timeout: 2 * MOST_MS }, async () => {
    const { violations, acked } = await playStage(options, (stage) => play(stage, false));
    expect(violations).toEqual([]);
    expect(acked).toBeGreaterThan(0);
  });
});
