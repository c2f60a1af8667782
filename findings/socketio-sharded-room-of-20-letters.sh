#!/usr/bin/env bash
# The sharded Redis adapter takes a room name of exactly 20 characters for a socket's id, so the room gets no channel of
# its own.
source "$(dirname "$0")/lib/common.sh"
npm_packages socket.io@4.8.4 socket.io-client@4.8.4 @socket.io/redis-adapter@8.3.0 ioredis@6.0.0
start_redis
run_node <<'JS'
import { createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "with subscriptionMode dynamic a broadcast to a room reaches only servers that have somebody in it",
  happens: "a room whose name has 20 characters is sent to all servers, though its own channel is subscribed, too",
});
async function start() {
  const subscriber = new Redis(process.env.REDIS);
  const frames = { heard: 0 };
  subscriber.on("smessageBuffer", () => (frames.heard += 1));
  const http = createServer().listen(0);
  const adapter = createShardedAdapter(new Redis(process.env.REDIS), subscriber, { subscriptionMode: "dynamic" });
  const server = new Server(http, { adapter });
  await wait(300);
  return { server, frames, port: http.address().port };
}
const rooms = [19, 20, 21].map((length) => "r".repeat(length));
const home = await start();
home.server.on("connection", (socket) => socket.join(rooms));
const sender = await start();
const bystander = await start();
const client = io(`http://127.0.0.1:${home.port}`, { transports: ["websocket"] });
await new Promise((resolve) => client.on("connect", resolve));
let received = 0;
client.on("hello", () => (received += 1));
await wait(300);
const redis = new Redis(process.env.REDIS);
const channels = await redis.call("PUBSUB", "SHARDCHANNELS", "socket.io#/#r*");
usual("lengths of the rooms with a channel", channels.map((name) => name.split("#")[2].length).sort(), [19, 20, 21]);
for (const room of rooms) {
  const before = bystander.frames.heard;
  received = 0;
  sender.server.to(room).emit("hello");
  await wait(500);
  const actual = { client: received, "server without members": bystander.frames.heard - before };
  const expected = { client: 1, "server without members": 0 };
  if (room.length !== 20) usual(`${room.length} characters`, actual, expected);
  else surprise("20 characters", { actual, recorded: { ...expected, "server without members": 1 }, expected });
}
done();
JS
