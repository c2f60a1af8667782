import { expect, it } from "vitest";
import { nearestOf } from "./nearest.ts";

type Place = readonly [name: string, from: number, to: number];
const nearest = (places: readonly Place[], point: number): string | undefined =>
  nearestOf(
    places,
    ([, from]) => from,
    ([, , to]) => to,
  )(point)?.[0];

const PLACES: readonly Place[] = [
  ["c", 20, 26],
  ["a", 0, 6],
  ["b", 7, 13],
];

it.each([
  [3, "a"],
  [6.4, "a"],
  [6.6, "b"],
  [16, "b"],
  [18, "c"],
  [-5, "a"],
  [99, "c"],
])("the place at or beside %d is %s", (point, name) => {
  expect(nearest(PLACES, point)).toBe(name);
});

it("of several that reach over a point the first that was given is taken", () => {
  expect(nearest([["later", 2, 9], ...PLACES], 5)).toBe("later");
  expect(nearest([...PLACES, ["later", 2, 9]], 5)).toBe("a");
});

it("one that reaches far is found behind many that do not", () => {
  const dots = Array.from({ length: 40 }, (_, at): Place => [`dot ${at}`, at, at + 0.1]);
  expect(nearest([...dots, ["wide", 0, 60]], 55)).toBe("wide");
});

it("there is none where there are no places", () => {
  expect(nearest([], 5)).toBeUndefined();
});
