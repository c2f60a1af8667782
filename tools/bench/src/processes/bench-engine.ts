import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { untilSignal } from "@docrelay/platform";
import { WebSocketServer, type WebSocket } from "ws";
import { nowMs } from "../measure/clock.ts";

/* The engine of the private cluster: answers every prompt with `--pieces` pieces, the first at once and the others
   `--gap` ms apart (0: all at once). The first piece holds the times at which the prompt arrived and the reply left,
   so that a latency can be divided into the relay's part and the engine's part. With `--reply single` a reply is one
   frame. */
const { values } = parseArgs({
  options: {
    pieces: { type: "string", default: "12" },
    gap: { type: "string", default: "0" },
    reply: { type: "string", default: "stream" },
  },
});
const pieces = Number(values.pieces);
const gapMs = Number(values.gap);
const stopped = untilSignal();
const WORDS = " and so the relay carries another piece of an answer";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
const running = new Set<{ left: number; dueAt: number; say(text: string): void; end(): void }>();

server.on("connection", (socket: WebSocket) => {
  socket.on("error", () => undefined);
  socket.on("message", (data: Buffer) => {
    const gotAt = Math.round(nowMs() * 1000);
    const { unique_id: uniqueId } = JSON.parse(data.toString()) as { unique_id: string };
    const send = (frame: object): void => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
    };
    const say = (message: string): void => send({ type: "delta", message, unique_id: uniqueId });
    const end = (): void => send({ type: "end", unique_id: uniqueId });
    const stamp = `@${gotAt},${Math.round(nowMs() * 1000)}@`;
    if (values.reply === "single") return send({ type: "chat", message: stamp + WORDS, unique_id: uniqueId });
    say(stamp);
    if (gapMs > 0) return void running.add({ left: pieces - 1, dueAt: nowMs() + gapMs, say, end });
    for (let piece = 1; piece < pieces; piece++) say(WORDS);
    end();
  });
});

// One timer serves all replies, because hundreds of timers would cost CPU time that would count in the figures.
const timer = setInterval(() => {
  const now = nowMs();
  for (const reply of running) {
    if (reply.dueAt > now) continue;
    if (reply.left-- > 0) reply.say(WORDS);
    reply.dueAt += gapMs;
    if (reply.left > 0) continue;
    reply.end();
    running.delete(reply);
  }
}, 2);

await once(server, "listening");
process.stdout.write(`${JSON.stringify({ msg: "listening", port: (server.address() as AddressInfo).port })}\n`);
await stopped;
clearInterval(timer);
process.exit(0);
