#!/usr/bin/env bash
# The last SUNSUBSCRIBE on an ioredis connection silences its plain channels, and a reconnect does not subscribe to them again.
source "$(dirname "$0")/lib/common.sh"
npm_packages ioredis@6.0.0
start_redis
run_node <<'JS'
import { Redis } from "ioredis";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "after SUNSUBSCRIBE of one channel a connection goes on hearing the plain channel that it has not left",
  happens: "its messages are dropped while Redis counts a receiver; after a reconnect Redis has no receiver at all",
});
async function trial(left) {
  const subscriber = new Redis(process.env.REDIS);
  const publisher = new Redis(process.env.REDIS);
  subscriber.on("error", () => undefined);
  const heard = [];
  subscriber.on("message", (_channel, text) => heard.push(text));
  await subscriber.subscribe("news");
  for (const channel of ["a", "b"]) await subscriber.ssubscribe(channel);
  for (const channel of left) await subscriber.sunsubscribe(channel);
  const before = await publisher.publish("news", "one");
  await wait(200);
  // If the connection hears nothing any more, this subscription lets it hear again. After the reconnect, such a
  // connection subscribes only to `c`.
  await subscriber.ssubscribe("c");
  await publisher.client("KILL", "TYPE", "pubsub");
  await wait(1500);
  const after = await publisher.publish("news", "two");
  await wait(200);
  for (const redis of [subscriber, publisher]) redis.disconnect();
  return { receivers: [before, after], heard };
}
usual("one sharded channel is left of two", await trial(["a"]), { receivers: [1, 1], heard: ["one", "two"] });
surprise("the last sharded channel is left", {
  actual: await trial(["a", "b"]),
  recorded: { receivers: [1, 0], heard: [] },
  expected: { receivers: [1, 1], heard: ["one", "two"] },
});
done();
JS
