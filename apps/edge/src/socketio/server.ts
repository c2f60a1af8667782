import { createShardedAdapter } from "@socket.io/redis-adapter";
import { Server as EngineServer } from "engine.io";
import type { Redis } from "ioredis";
import { Server } from "socket.io";
import { WebSocketServer, type ServerOptions } from "ws";

/**
 * Messages come in few pieces; the library's default lets a client keep 16,384 of them in memory. And a connection that
 * was ended is waited for, with all that it has not read, for a third of the library's 30 s.
 */
class Bounded extends WebSocketServer {
  constructor(options: ServerOptions) {
    const bounds = { maxFragments: 256, closeTimeout: CLOSE_MS };
    super({ ...options, ...bounds });
  }
}

const CONNECT_MS = 10_000;
const CLOSE_MS = 10_000;
const PONG_MS = 20_000;
/** Around the bytes of an ask: its message with every character escaped, names, ids. */
const ENVELOPE_BYTES = 524_288;

/**
 * Socket.IO, over WebSocket alone unless told otherwise: then no connection needs stickiness. Upgrades are given to
 * `engine` by whoever routes them, so that two WebSocket endpoints do not end each other's handshakes.
 */
export function createSocketServer(options: {
  readonly publisher: Redis;
  readonly subscriber: Redis;
  readonly maxInlineBytes: number;
  readonly pingIntervalMs: number;
  readonly transports: ReadonlyArray<"websocket" | "polling">;
}): { io: Server; engine: EngineServer } {
  const engine = new EngineServer({
    transports: [...options.transports],
    maxHttpBufferSize: options.maxInlineBytes + ENVELOPE_BYTES,
    perMessageDeflate: false,
    httpCompression: false,
    pingInterval: options.pingIntervalMs,
    pingTimeout: PONG_MS,
    wsEngine: Bounded,
  });
  const io = new Server({
    serveClient: false,
    connectTimeout: CONNECT_MS,
    adapter: createShardedAdapter(options.publisher, options.subscriber, { subscriptionMode: "dynamic" }),
  });
  io.bind(engine);
  return { io, engine };
}
