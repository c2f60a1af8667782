import { expect, it } from "vitest";
import { createUnfinished } from "./unfinished.ts";

it("counts a group's until they end, or are not renewed in time", () => {
  let now = 0;
  const unfinished = createUnfinished({ beginMs: 1000, keepMs: 1000 }, () => now);
  const begin = (id: string, group = "network 10.0.0.1") => unfinished.begin(group, id, 2);
  expect([begin("a"), begin("b"), begin("c"), begin("c", "network 10.0.0.2")]).toEqual([true, true, false, true]);
  unfinished.end("a");
  expect(begin("d")).toBe(true);
  now = 600;
  unfinished.renew("network 10.0.0.1", "b");
  now = 1000;
  expect([begin("e"), begin("f")]).toEqual([true, false]);
  for (const id of ["b", "c", "e", "unknown"]) unfinished.end(id);
  expect(unfinished.size).toBe(0);
});

it("forgets those of groups that begin no more", () => {
  let now = 0;
  const unfinished = createUnfinished({ beginMs: 1000, keepMs: 1000 }, () => now);
  for (let n = 0; n < 5000; n++) {
    now = n;
    unfinished.begin(`network ${n}`, `${n}`, 1);
  }
  expect(unfinished.size).toBeLessThan(4200);
});

it("counts one that was never renewed for a shorter time, for as long as the store keeps it", () => {
  let now = 0;
  const unfinished = createUnfinished({ beginMs: 30, keepMs: 600 }, () => now);
  const begin = (id: string) => unfinished.begin("n", id, 2);
  expect([begin("idle"), begin("sent"), begin("late")]).toEqual([true, true, false]);
  now = 20;
  unfinished.renew("n", "sent");
  now = 31;
  expect([begin("next"), begin("late")]).toEqual([true, false]);
  now = 62;
  unfinished.renew("n", "next"); // its first chunk had come in time, and the store's answer came late
  expect(begin("late")).toBe(false);
  now = 620;
  expect([begin("last"), begin("late")]).toEqual([true, false]);
});

it("counts one that was begun through another edge, and another time only once", () => {
  const unfinished = createUnfinished({ beginMs: 30, keepMs: 600 }, () => 0);
  for (const id of ["a", "b", "b", "b"]) unfinished.renew("n", id);
  expect(unfinished.begin("n", "c", 2)).toBe(false);
  unfinished.end("b");
  expect(unfinished.begin("n", "c", 2)).toBe(true);
});
