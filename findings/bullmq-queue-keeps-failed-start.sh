#!/usr/bin/env bash
# If the first INFO command of a BullMQ Queue was refused, the Queue refuses every add from then on.
source "$(dirname "$0")/lib/common.sh"
npm_packages bullmq@6.7.0 ioredis@6.0.0
start_redis
run_node <<'JS'
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "once Redis answers INFO again, the next Queue.add works: the connection itself was never lost",
  happens: "the Queue repeats its first failure for ever; only a new Queue works, with the same options",
});
const admin = new Redis(process.env.REDIS);
await admin.call("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-info");
const connection = { path: process.env.REDIS, username: "app", password: "secret" };
const open = () => new Queue("work", { connection }).on("error", () => {});
const add = (queue) =>
  queue.add("job", {}).then(
    () => "added",
    (error) => error.message,
  );
const REFUSED = "NOPERM this user has no permissions to run the 'info' command";

const first = open();
usual("add while INFO is refused", await add(first), REFUSED);
await admin.call("ACL", "SETUSER", "app", "+info");
const ping = new Redis(connection);
usual("INFO is allowed again", (await ping.info("server")).includes("redis_version"), true);
surprise("add with the same Queue", { actual: await add(first), recorded: REFUSED, expected: "added" });
usual("add with a new Queue", await add(open()), "added");
done();
JS
