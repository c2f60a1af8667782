import { describe, expect, it } from "vitest";
import { check } from "../src/check/checker.ts";
import { allFailpoints } from "../src/break/failpoints.ts";
import { createHistory } from "../src/history.ts";
import { run } from "../src/run.ts";

describe("every commit step", () => {
  it("may be the last one of a process, twice each, and nothing is lost", { timeout: 900_000 }, async () => {
    const history = createHistory();
    await run({ seed: 1, seconds: 0, edges: 4, workers: 4, users: 10, failpoints: true, history });
    const verdict = check(history.entries);
    expect(verdict.violations).toEqual([]);
    for (const { point } of allFailpoints()) {
      expect(verdict.faults[`failpoint ${point}`], point).toBeGreaterThanOrEqual(2);
    }
    expect(verdict.acked).toBeGreaterThan(100);
  });
});
