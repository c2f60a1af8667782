import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { untilSignal } from "@docrelay/platform";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";

/* A Socket.IO server that has only an adapter, to compare adapters with each other. Sockets join the room that they
   name. `--adapter classic` subscribes to a pattern, so that every node receives every message; `--adapter sharded`
   subscribes to the rooms of its own sockets. */
const { values } = parseArgs({
  options: { redis: { type: "string", default: "" }, adapter: { type: "string", default: "sharded" } },
});
const stopped = untilSignal();
const publisher = new Redis(values.redis);
const subscriber = new Redis(values.redis);
const http = createServer();
const adapter =
  values.adapter === "classic"
    ? createAdapter(publisher, subscriber)
    : createShardedAdapter(publisher, subscriber, { subscriptionMode: "dynamic" });
const io = new Server(http, { transports: ["websocket"], serveClient: false, perMessageDeflate: false, adapter });
io.on("connection", (socket) => {
  socket.on("join", async ({ room }: { room: string }, answer: (ack: object) => void) => {
    await socket.join(room);
    answer({ ok: true });
  });
});
http.listen(0, "127.0.0.1");
await once(http, "listening");
process.stdout.write(`${JSON.stringify({ msg: "listening", port: (http.address() as AddressInfo).port })}\n`);
await stopped;
process.exit(0);
