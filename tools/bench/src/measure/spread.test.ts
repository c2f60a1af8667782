import { expect, it } from "vitest";
import { spreadOf } from "./spread.ts";

it("the median of an even number of values lies between the middle two; no number, no spread", () => {
  expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 });
  expect(spreadOf([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 });
  expect(spreadOf([Number.NaN, 7, Infinity])).toEqual({ median: 7, min: 7, max: 7 });
  expect(spreadOf([Number.NaN])).toBeUndefined();
});
