#!/usr/bin/env bash
# Whoever subscribes to the sharded adapter's channel is counted as a Socket.IO server whose reply other servers await.
source "$(dirname "$0")/lib/common.sh"
npm_packages socket.io@4.8.4 @socket.io/redis-adapter@8.3.0 ioredis@6.0.0
start_redis
run_node <<'JS'
import { createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "a passive subscriber (a debugging shell, a metrics tool) changes nothing for the servers",
  happens: "while it listens, every fetchSockets() of every server waits 5 s and rejects",
});
const start = () => new Server({ adapter: createShardedAdapter(new Redis(process.env.REDIS), new Redis(process.env.REDIS)) });
start().of("/");
const server = start();
server.of("/");
await wait(300);
const fetch = () =>
  server.fetchSockets().then(
    (sockets) => `${sockets.length} sockets`,
    (error) => error.message,
  );
usual("two servers", await fetch(), "0 sockets");
const listener = new Redis(process.env.REDIS);
await listener.ssubscribe("socket.io#/#");
const from = Date.now();
surprise("two servers and a listener", {
  actual: await fetch(),
  recorded: "timeout reached: only 1 responses received out of 2",
  expected: "0 sockets",
});
usual("that took about 5 s", Math.round((Date.now() - from) / 1000), 5);
listener.disconnect();
await wait(200);
usual("the listener has gone", await fetch(), "0 sockets");
done();
JS
