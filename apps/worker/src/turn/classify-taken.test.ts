import { describe, expect, it } from "vitest";
import { judge } from "./classify-taken.ts";

const ASK = { cancelled: false, deadline: 1000, now: 0, taken: 1 };

describe("judge", () => {
  it.each([
    ["go", {}],
    ["go", { now: 999, taken: 5 }],
    ["expired", { now: 1000 }],
    ["poison", { taken: 6 }],
    ["cancelled", { cancelled: true }],
    ["cancelled", { cancelled: true, now: 2000, taken: 9 }],
    ["expired", { now: 2000, taken: 9 }],
  ] as const)("says %s of %o", (judgement, of) => {
    expect(judge({ ...ASK, ...of })).toBe(judgement);
  });
});
