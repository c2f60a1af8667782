import { expect, it } from "vitest";
import { logAtMostOnceASecond } from "./at-most-once-a-second.ts";

it("logs the first error of each kind at once, then one a second with the number left out", () => {
  let now = 5;
  const logged: unknown[] = [];
  const log = logAtMostOnceASecond(
    (...line) => logged.push(line),
    () => now,
  );
  log("redis", "first");
  log("queue", "other kind");
  for (now of [6, 500, 1004.9]) log("redis", "left out");
  now = 1005;
  log("redis", "a second later");
  now = 9000;
  log("redis", "much later");
  expect(logged).toEqual([
    ["redis", "first", 0],
    ["queue", "other kind", 0],
    ["redis", "a second later", 3],
    ["redis", "much later", 0],
  ]);
});
