import { describe, expect, it } from "vitest";
import { CANARIES } from "../src/canaries.ts";
import { playStage } from "../src/stage.ts";

/** The longest time for a canary in ms: 20 s, doubled because the machine may be busy. */
const MAX_MS = 20_000 * 2;

describe.each(CANARIES)("the suite's own proof: $name", ({ variant, fault, options, play }) => {
  it("turns a scripted run red that the sound product passes", { timeout: 2 * MAX_MS }, async () => {
    const begun = performance.now();
    const brokenOptions = { ...options, leftoversMs: 500, ...(variant === undefined ? {} : { variant }) };
    const [broken, sound] = await Promise.all([
      playStage(brokenOptions, (stage) => play(stage, true)),
      playStage(options, (stage) => play(stage, false)),
    ]);
    expect(broken.violations.map((violation) => violation.fault)).toContain(fault);
    expect(sound.violations).toEqual([]);
    expect(sound.acked).toBeGreaterThan(0);
    expect(performance.now() - begun).toBeLessThan(MAX_MS);
  });
});
