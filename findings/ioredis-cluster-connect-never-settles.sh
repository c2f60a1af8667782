#!/usr/bin/env bash
# If a cluster is in the state `fail` at the first try, the promise of ioredis's `connect` stays pending, also when the client is ready later.
source "$(dirname "$0")/lib/common.sh"
npm_packages ioredis@6.0.0
PORT=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
export PORT
start_redis --bind 127.0.0.1 --port "$PORT" --cluster-enabled yes --cluster-announce-ip 127.0.0.1
run_node <<'JS'
import { Cluster, Redis } from "ioredis";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "the promise of connect() resolves when the client is ready, or rejects before",
  happens: "it stays pending for ever, although the client is ready and answers commands",
});
const port = Number(process.env.PORT);
const admin = new Redis({ port });
const isOk = async () => /cluster_state:ok/.test(await admin.cluster("INFO"));
/** Assigns the last slot, without which the state of the cluster is `fail`, and waits until it is `ok`. */
async function complete() {
  await admin.call("CLUSTER", "ADDSLOTS", 16383);
  while (!(await isOk())) await wait(100);
}
async function trial({ enableReadyCheck, assign }) {
  const cluster = new Cluster([{ host: "127.0.0.1", port }], { lazyConnect: true, enableReadyCheck });
  cluster.on("error", () => undefined);
  let promise = "pending";
  cluster.connect().then(
    () => (promise = "resolved"),
    () => (promise = "rejected"),
  );
  await wait(1500);
  if (assign) await complete();
  for (let n = 0; n < 50 && cluster.status !== "ready"; n++) await wait(100);
  await wait(1000);
  const answer = await Promise.race([cluster.set("key", "value"), wait(3000).then(() => "none")]);
  const seen = { status: cluster.status, answer, promise };
  cluster.disconnect();
  return seen;
}
await admin.call("CLUSTER", "ADDSLOTSRANGE", 0, 16382);
await wait(500);
const fine = { status: "ready", answer: "OK", promise: "resolved" };
surprise("the state of the cluster becomes `ok` 1.5 s after the first try", {
  actual: await trial({ enableReadyCheck: true, assign: true }),
  recorded: { ...fine, promise: "pending" },
  expected: fine,
});
usual("the state is `ok` at the first try", await trial({ enableReadyCheck: true, assign: false }), fine);
await admin.call("CLUSTER", "DELSLOTS", 16383);
while (await isOk()) await wait(100);
usual(
  "the state is `fail` at the first try, without the ready check",
  await trial({ enableReadyCheck: false, assign: true }),
  fine,
);
admin.disconnect();
done();
JS
