import { describe, expect, it } from "vitest";
import { medians, reaches, standardTable } from "./standard-figures.ts";

const MEMORY = "memory per idle connection";
const CONNECTS = "connects/s, 10,000 on one edge";

describe("figures of the standard set", () => {
  it("are medians over the rounds that have them", () => {
    const rounds = [{ [MEMORY]: 30 }, { [MEMORY]: 10 }, { [MEMORY]: 20, [CONNECTS]: 7 }];
    expect(medians(rounds)).toEqual({
      [MEMORY]: { median: 20, min: 10, max: 30 },
      [CONNECTS]: { median: 7, min: 7, max: 7 },
    });
    expect(medians([{ [MEMORY]: 1 }, { [MEMORY]: 2 }])).toMatchObject({ [MEMORY]: { median: 1.5 } });
    expect(medians([])).toEqual({});
  });

  it("are worse when above 1, whether less or more is better, and say whether the goal is met", () => {
    const now = medians([{ [MEMORY]: 20, [CONNECTS]: 500 }]);
    const table = standardTable(now, { [MEMORY]: 10, [CONNECTS]: 1000 });
    expect(table.slice(1).map((row) => row.slice(4))).toEqual([
      ["2.00 ×", "≤ 22 met"],
      ["2.00 ×", "≥ 900 missed"],
    ]);
    expect(standardTable(now, {})[1]?.slice(3, 5)).toEqual(["–", "–"]);
  });

  it("reach a goal at the goal, and not beyond it", () => {
    expect([reaches(MEMORY, 22), reaches(MEMORY, 22.1)]).toEqual([true, false]);
    expect([reaches(CONNECTS, 900), reaches(CONNECTS, 899)]).toEqual([true, false]);
    expect(reaches("uploads beside text", 1)).toBeUndefined();
  });
});
