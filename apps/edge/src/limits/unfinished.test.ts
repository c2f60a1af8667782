import { expect, it } from "vitest";
import { createUnfinished } from "./unfinished.ts";

it("counts a group's until they end, or are not renewed in time", () => {
  let now = 0;
  const unfinished = createUnfinished(1000, () => now);
  const begin = (id: string, group = "network 10.0.0.1") => unfinished.begin(group, id, 2);
  expect([begin("a"), begin("b"), begin("c"), begin("c", "network 10.0.0.2")]).toEqual([true, true, false, true]);
  unfinished.end("a");
  expect(begin("d")).toBe(true);
  now = 600;
  unfinished.renew("b");
  now = 1000;
  expect([begin("e"), begin("f")]).toEqual([true, false]);
  for (const id of ["b", "c", "e", "unknown"]) unfinished.end(id);
  expect(unfinished.size).toBe(0);
});

it("forgets those of groups that begin no more", () => {
  let now = 0;
  const unfinished = createUnfinished(1000, () => now);
  for (let n = 0; n < 5000; n++) {
    now = n;
    unfinished.begin(`network ${n}`, `${n}`, 1);
  }
  expect(unfinished.size).toBeLessThan(4200);
});
