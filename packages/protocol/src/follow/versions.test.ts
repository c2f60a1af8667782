import { expect, it } from "vitest";
import { inPlaces } from "./versions.ts";

const places = (...asks: Array<[id: string, replaces?: string]>): string[] =>
  inPlaces(asks.map(([id, replaces]) => ({ id, ...(replaces !== undefined && { replaces }) }))).map((versions) =>
    versions.map(({ id }) => id).join(" "),
  );

it("puts an ask at the place of the one that it replaces, behind the versions before it", () => {
  expect(places(["a"], ["b"], ["a2", "a"], ["c"], ["b2", "b"], ["a3", "a2"])).toEqual(["a a2 a3", "b b2", "c"]);
});

it("keeps a place in the order of time when two asks replace the same one", () => {
  expect(places(["a"], ["a2", "a"], ["a3", "a"], ["a4", "a2"])).toEqual(["a a2 a3 a4"]);
});

it("gives a place of its own to an ask whose replaced one is no longer kept, or comes later", () => {
  expect(places(["b", "gone"], ["c", "d"], ["d"], ["b2", "b"])).toEqual(["b b2", "c", "d"]);
});
