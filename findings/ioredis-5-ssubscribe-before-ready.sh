#!/usr/bin/env bash
# ioredis 5 confirms a sharded subscription that is sent between `connect` and `ready`, and then forgets it.
source "$(dirname "$0")/lib/common.sh"
npm_packages ioredis@6.0.0 ioredis-5@npm:ioredis@5.11.1
start_redis
run_node <<'JS'
import { Redis as Redis5 } from "ioredis-5";
import { Redis as Redis6 } from "ioredis";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "SSUBSCRIBE in a `connect` listener resolves and the channel is heard once the connection is ready",
  happens: "with ioredis 5 it resolves, the connection becomes ready, and Redis has no subscriber; ioredis 6 keeps it",
});
async function trial(Redis) {
  const subscriber = new Redis(process.env.REDIS);
  subscriber.on("error", (error) => console.log(`          error event: ${error.message}`));
  const confirmed = await new Promise((resolve, reject) => {
    subscriber.once("connect", () => subscriber.ssubscribe("news").then(resolve, reject));
  });
  while (subscriber.status !== "ready") await wait(20);
  await wait(300);
  const publisher = new Redis6(process.env.REDIS);
  const receivers = await publisher.spublish("news", "hello");
  const { status } = subscriber;
  subscriber.disconnect();
  return { confirmed, status, receivers };
}
usual("ioredis 6", await trial(Redis6), { confirmed: 1, status: "ready", receivers: 1 });
surprise("ioredis 5", {
  actual: await trial(Redis5),
  recorded: { confirmed: 1, status: "ready", receivers: 0 },
  expected: { confirmed: 1, status: "ready", receivers: 1 },
});
done();
JS
