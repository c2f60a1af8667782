import { createShardedAdapter } from "@socket.io/redis-adapter";
import { Server as EngineServer } from "engine.io";
import type { Redis } from "ioredis";
import { Server } from "socket.io";
import { WebSocketServer, type ServerOptions } from "ws";

/**
 * Real messages have few fragments; the library's default allows 16,384 of them in memory. A closed connection keeps
 * its unread bytes until the close timeout, which is a third of the library's 30 s.
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
/** The part of an ask's packet besides its files: the message with every character escaped, names, ids. */
const ENVELOPE_BYTES = 524_288;

/**
 * The Socket.IO server. With WebSocket as the only transport a connection needs no sticky balancer. The HTTP server
 * passes upgrades to `engine` by path: otherwise each of the two WebSocket endpoints would end the other's handshakes.
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
