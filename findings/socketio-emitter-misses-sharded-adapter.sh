#!/usr/bin/env bash
# What @socket.io/redis-emitter publishes reaches no server that uses the sharded adapter of the same makers.
source "$(dirname "$0")/lib/common.sh"
npm_packages socket.io@4.8.4 socket.io-client@4.8.4 @socket.io/redis-adapter@8.3.0 @socket.io/redis-emitter@5.1.0 ioredis@6.0.0
start_redis
run_node <<'JS'
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { Redis } from "ioredis";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "the emitter, without options as the adapter is, reaches clients of either adapter of the package",
  happens: "only those of the classic one; with the sharded one nothing arrives and nothing fails",
});
async function trial(create) {
  const http = createServer().listen(0);
  new Server(http, { adapter: create(new Redis(process.env.REDIS), new Redis(process.env.REDIS)) });
  const client = io(`http://127.0.0.1:${http.address().port}`, { transports: ["websocket"] });
  await new Promise((resolve) => client.on("connect", resolve));
  const got = [];
  client.on("hello", (value) => got.push(value));
  await wait(300);
  new Emitter(new Redis(process.env.REDIS)).emit("hello", "from a worker");
  await wait(700);
  client.close();
  return got;
}
usual("createAdapter", await trial(createAdapter), ["from a worker"]);
surprise("createShardedAdapter", {
  actual: await trial(createShardedAdapter),
  recorded: [],
  expected: ["from a worker"],
});
done();
JS
