import { expect, it } from "vitest";
import { createStagger } from "./stagger.ts";

it("asks of a dead worker begin 100 ms apart, and none waits longer than 500 ms", () => {
  const stagger = createStagger();
  expect(Array.from({ length: 8 }, () => stagger(1000))).toEqual([0, 100, 200, 300, 400, 500, 500, 500]);
  expect(stagger(5000)).toBe(0);
});
