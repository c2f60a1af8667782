import { describe, expect, it } from "vitest";
import { addOverDirect, comparedTable, compareRounds, DIRECT, THIS, type Round } from "./ratios.ts";

const CPU = "CPU (µs an ask)";
const [P50, P99] = ["first piece p50 (ms)", "first piece p99 (ms)"];
const round = (own: number, other: number): Round => ({ [THIS]: { [CPU]: own }, other: { [CPU]: other } });

describe("a comparison", () => {
  it("divides within each round, so that a busy round does not count against one side", () => {
    const [figure] = compareRounds([round(10, 20), round(100, 400), round(30, 10)]);
    expect(figure?.systems[THIS]).toEqual({ median: 30, min: 10, max: 100 });
    // The ratio of the medians would be 1.5.
    expect(figure?.ratios).toEqual({ other: { median: 0.5, min: 0.25, max: 3 } });
  });

  it("has no ratio where a side was not measured, or is not above 0", () => {
    const rounds = [round(10, 0), round(-1, 5), { [THIS]: { [CPU]: 7 } }, round(Number.NaN, 5)];
    expect(compareRounds(rounds)[0]?.ratios).toEqual({});
    expect(compareRounds([...rounds, round(8, 2)])[0]?.ratios).toEqual({ other: { median: 4, min: 4, max: 4 } });
  });

  it("takes the engine's own latency of the same round from each system's first piece", () => {
    const added = addOverDirect({ [THIS]: { [P50]: 5, [P99]: 9 }, [DIRECT]: { [P50]: 1, [P99]: 4 } });
    expect(added[THIS]).toMatchObject({ "first piece added p50 (ms)": 4, "first piece added p99 (ms)": 5 });
    expect(added[DIRECT]).toEqual({ [P50]: 1, [P99]: 4 });
    const without = { [THIS]: { [P50]: 5, [P99]: 9 } };
    expect(addOverDirect(without)).toEqual(without);
  });

  it("shows what this checkout leads with first, and a ratio for each other system but the engine", () => {
    const rounds = [20, 40].map((p50) => ({ [DIRECT]: { [P50]: 1 }, ...round(10, p50) })).map(addOverDirect);
    expect(comparedTable(compareRounds(rounds))).toEqual([
      ["median (least–greatest)", THIS, "other", DIRECT, "this ÷ other"],
      [CPU, "10", "30 (20–40)", "–", "0.38 (0.25–0.50)"],
      [P50, "–", "–", "1", "–"],
    ]);
  });
});
