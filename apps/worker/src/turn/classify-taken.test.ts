import { describe, expect, it } from "vitest";
import { classifyTaken } from "./classify-taken.ts";

const ASK = { cancelled: false, deadline: 1000, now: 0, taken: 1 };

describe("a taken ask", () => {
  it.each([
    ["run", {}],
    ["run", { now: 999, taken: 5 }],
    ["expired", { now: 1000 }],
    ["poison", { taken: 6 }],
    ["cancelled", { cancelled: true }],
    ["cancelled", { cancelled: true, now: 2000, taken: 9 }],
    ["expired", { now: 2000, taken: 9 }],
  ] as const)("is %s for %o", (classifyTakenment, of) => {
    expect(classifyTaken({ ...ASK, ...of })).toBe(classifyTakenment);
  });
});
