#!/usr/bin/env bash
# If a transaction is incomplete at the end of the append-only file, the next start of Redis ignores it, and the start
# after that executes half of it.
source "$(dirname "$0")/lib/common.sh"
npm_packages ioredis@6.0.0
append_only=(--appendonly yes --appendfsync always)
start_redis "${append_only[@]}"
run_node <<'JS'
import { Redis } from "ioredis";
const redis = new Redis(process.env.REDIS);
await redis.set("before", "1");
await redis.multi().set("first", "1").set("second", "1").set("third", "1").exec();
redis.disconnect();
JS
kill "$redis_pid" && wait "$redis_pid" || true
# Cuts the end of the file off, as if Redis had died while it wrote the last command. (aof-load-truncated is yes by
# default.)
truncate --size=-25 appendonlydir/*.incr.aof
start_redis "${append_only[@]}"
run_node <<'JS'
import { Redis } from "ioredis";
import { writeFileSync } from "node:fs";
const redis = new Redis(process.env.REDIS);
writeFileSync("first-start.json", JSON.stringify(await redis.mget("before", "first", "second", "third")));
await redis.multi().set("later", "1").set("last", "1").exec();
redis.disconnect();
JS
start_redis "${append_only[@]}"
run_node <<'JS'
import { Redis } from "ioredis";
import { readFileSync } from "node:fs";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "a transaction is executed whole or not at all, also when a crash leaves it incomplete in the append-only file",
  happens: "the first start ignores it and cuts the file inside it; the next start executes what is left, without its end",
});
const redis = new Redis(process.env.REDIS);
usual("after the first start", JSON.parse(readFileSync("first-start.json", "utf8")), ["1", null, null, null]);
usual("what was written then, after the second", await redis.mget("later", "last"), ["1", "1"]);
surprise("the cut transaction, after the second", {
  actual: await redis.mget("first", "second", "third"),
  recorded: ["1", "1", null],
  expected: [null, null, null],
});
redis.disconnect();
done();
JS
