import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { untilSignal } from "@docrelay/platform";
import { createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { WebSocket } from "ws";

/*
 * A minimal relay, as a lower bound for the costs of docrelay: one Socket.IO server with the sharded Redis adapter. It
 * sends each ask to the engine over a connection that it keeps open, and each frame of the reply to the room of the
 * user. It is no alternative to docrelay: nothing is stored, so an ask is lost with its process, its engine connection
 * or a disconnected reader; there is no replay, no order within a conversation, no limit, no retry and no check of
 * tokens. Its events have the shape of docrelay's, so that the same load generator reads both.
 */
const { values } = parseArgs({
  options: { redis: { type: "string", default: "" }, engine: { type: "string", default: "" } },
});
const stopped = untilSignal();
const adapter = createShardedAdapter(new Redis(values.redis), new Redis(values.redis), { subscriptionMode: "dynamic" });
const http = createServer((request, response) => {
  if (request.url !== "/v1/session") return response.writeHead(404).end();
  response.end(JSON.stringify({ token: randomUUID() }));
});
const io = new Server(http, { transports: ["websocket"], serveClient: false, perMessageDeflate: false, adapter });

interface EngineConnection {
  readonly ws: WebSocket;
  /** Called with each frame of the running reply; called with an error frame when the connection ends. */
  onFrame?: ((frame: Frame) => void) | undefined;
}
interface Frame {
  readonly type: string;
  readonly message?: string;
}

const idle: EngineConnection[] = [];

async function openEngine(): Promise<EngineConnection> {
  const ws = new WebSocket(values.engine, { perMessageDeflate: false });
  const connection: EngineConnection = { ws };
  ws.on("message", (data) => connection.onFrame?.(JSON.parse((data as Buffer).toString()) as Frame));
  ws.on("close", () => {
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
    connection.onFrame?.({ type: "error" });
  });
  await once(ws, "open");
  ws.on("error", () => undefined); // `close` follows
  return connection;
}

/** Sends a prompt, and calls `onFrame` for each frame of its reply; the last frame is not a `delta`. */
async function askEngine(message: string, uniqueId: string, onFrame: (frame: Frame) => void): Promise<void> {
  const connection = idle.pop() ?? (await openEngine());
  connection.onFrame = (frame) => {
    if (frame.type !== "delta") {
      connection.onFrame = undefined;
      if (frame.type !== "error") idle.push(connection);
    }
    onFrame(frame);
  };
  connection.ws.send(JSON.stringify({ message, type: "chat", unique_id: uniqueId }));
}

io.on("connection", (socket) => {
  const user = String(socket.handshake.auth["token"]);
  const room = `user:${user}`;
  void socket.join(room);
  let seq = 0;
  socket.on("ask", ({ id, conversation, message }: Record<string, string>, answer: (ack: object) => void) => {
    answer({ ok: true, ask: id, seq, duplicate: false });
    const emit = (body: object): void => {
      io.to(room).emit("event", { conversation, ask: id, seq: ++seq, nonce: "", attempt: 1, at: Date.now(), ...body });
    };
    const fail = (): void => emit({ type: "failed", error: { code: "ENGINE_UNAVAILABLE" } });
    askEngine(message ?? "", user, (frame) => {
      if (frame.type === "error") fail();
      else emit({ type: frame.type === "delta" ? "delta" : "completed", text: frame.message ?? "" });
    }).catch(fail);
  });
});

http.listen(0, "127.0.0.1");
await once(http, "listening");
process.stdout.write(`${JSON.stringify({ msg: "listening", port: (http.address() as AddressInfo).port })}\n`);
await stopped;
process.exit(0);
