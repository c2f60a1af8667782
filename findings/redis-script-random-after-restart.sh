#!/usr/bin/env bash
# math.random in Redis 7 scripts goes on from call to call, and begins anew at each start of the server.
source "$(dirname "$0")/lib/common.sh"
npm_packages ioredis@6.0.0
start_redis
cat >draw.mjs <<'JS'
import { Redis } from "ioredis";
export async function draw(times) {
  const redis = new Redis(process.env.REDIS);
  const numbers = [];
  for (let time = 0; time < times; time += 1) numbers.push(await redis.eval("return tostring(math.random(1, 1000000000))", 0));
  return numbers;
}
JS
node -e 'import("./draw.mjs").then(async ({ draw }) => { console.log(JSON.stringify(await draw(3))); process.exit(); })' >before.json
start_redis
run_node <<'JS'
import { readFileSync } from "node:fs";
import { draw } from "./draw.mjs";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "either each EVAL draws the same number (old releases seeded per call), or numbers are random",
  happens: "calls differ, so that ids made of them look fine in a test, but a restarted server deals them out again",
});
const before = JSON.parse(readFileSync("before.json", "utf8"));
const after = await draw(3);
usual("three calls of one script", new Set(before).size, 3);
console.log(`          before the restart ${before.join(" ")}, after it ${after.join(" ")}`);
surprise("the same three after a restart", {
  actual: before.join() === after.join(),
  recorded: true,
  expected: false,
});
done();
JS
