#!/usr/bin/env bash
# ACL DRYRUN approves a script whose calls the user may not make; when the script runs, it stops half way, and its first
# writes are kept.
source "$(dirname "$0")/lib/common.sh"
npm_packages ioredis@6.0.0
start_redis
run_node <<'JS'
import { Redis } from "ioredis";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "ACL DRYRUN of an EVAL tells whether that user can run it",
  happens: "it says OK, the script is stopped at its second call, and what its first call wrote stays",
});
const admin = new Redis(process.env.REDIS);
await admin.call("ACL", "SETUSER", "app", "on", ">secret", "~app:*", "+@connection", "+info", "+eval", "+set", "+get");
const app = new Redis({ path: process.env.REDIS, username: "app", password: "secret" });
const SCRIPT = "redis.call('SET', KEYS[1], 'half'); redis.call('INCR', KEYS[2]); return 'done'";
const call = [SCRIPT, "2", "app:a", "app:b"];
const refused = await admin.call("ACL", "DRYRUN", "app", "INCR", "app:b");
usual("DRYRUN of the second call by itself", refused.includes("no permissions to run the 'incr' command"), true);
const verdict = await admin.call("ACL", "DRYRUN", "app", "EVAL", ...call);
usual("DRYRUN of the script", verdict, "OK");
const outcome = await app.eval(...call).catch((error) => error.message.replace(/ script:.*/, ""));
surprise("the script itself", {
  actual: outcome,
  recorded: "ERR The user executing the script can't run this command or subcommand",
  expected: "done",
});
surprise("the first call's key", { actual: await admin.get("app:a"), recorded: "half", expected: null });
done();
JS
