import { expect, it } from "vitest";
import { createApart } from "./stagger.ts";

it("asks left behind go one after the other, and none waits longer than half a second", () => {
  const apart = createApart();
  expect(Array.from({ length: 8 }, () => apart(1000))).toEqual([0, 100, 200, 300, 400, 500, 500, 500]);
  expect(apart(5000)).toBe(0);
});
