import type { Sealing, RedisClient, RedisSubscriber } from "@docrelay/channel";
import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import { createShardedAdapter } from "@socket.io/redis-adapter";
import { Server as EngineServer } from "engine.io";
import type { IncomingMessage } from "node:http";
import { Server, type Socket } from "socket.io";
import { WebSocketServer, type ServerOptions } from "ws";
import type { Arriving } from "../limits/arriving.ts";
import { endConnection } from "./end-connection.ts";
import { watchPackets, type PacketWatch } from "./watch-packets.ts";
import { unsealFrames } from "./unseal-frames.ts";
import { webSocketOf } from "./web-socket-of.ts";

/**
 * A WebSocket server with lower bounds than the library's. Real messages have few fragments; the library allows 16,384
 * of them in memory. A closed connection keeps its unread bytes until the close timeout: here a third of the library's
 * 30 s.
 */
class Bounded extends WebSocketServer {
  constructor(options: ServerOptions) {
    const bounds = { maxFragments: 256, closeTimeout: CLOSE_MS };
    super({ ...options, ...bounds });
  }
}

const CONNECT_MS = 10_000;
const CLOSE_MS = 10_000;
/** How long a client that is ended for what it sent may take to read the reason. */
const HEARD_MS = 1000;
const PONG_MS = 20_000;
/** The size of an ask's packet without its files: the message with every character escaped, names, ids. */
const ENVELOPE_BYTES = 524_288;
/**
 * A packet may have this many times the file bytes that an ask may carry, so that a larger ask is refused with
 * PAYLOAD_TOO_LARGE.
 */
const MAX_INLINE = 2;

type Connection = Socket["conn"];

/**
 * The Socket.IO server. With WebSocket as the only transport, the balancer need not keep a client at one edge. The HTTP
 * server passes upgrades to `engine` by path: otherwise each of the two WebSocket endpoints would end the other's
 * handshakes.
 */
export function createSocketServer(options: {
  readonly publisher: RedisClient;
  readonly subscriber: RedisSubscriber;
  readonly sealing?: Sealing | undefined;
  readonly maxInlineBytes: number;
  readonly pingIntervalMs: number;
  readonly transports: ReadonlyArray<"websocket" | "polling">;
  /** Bounds the incomplete messages of all connections of the edge. */
  readonly arriving: Arriving;
  /** Returns the network of a client; undefined where networks are not counted. */
  readonly networkOf: (request: IncomingMessage) => string | undefined;
  /** A connection was ended, with this code, because of what it sent or did not send. */
  closed(code: ErrorCode): void;
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
  const { publisher, subscriber } = options;
  const watches = new WeakMap<object, PacketWatch>();
  const maxPacketBytes = MAX_INLINE * options.maxInlineBytes + ENVELOPE_BYTES;

  function watch(conn: Connection): void {
    let isOver = false;
    const end = (code: ErrorCode): void => {
      if (isOver) return;
      isOver = true;
      options.closed(code);
      const socket = [...io.of("/").sockets.values()].find((one) => one.conn === conn);
      const webSocket = webSocketOf({ conn });
      if (socket) endConnection(socket, code);
      else if (webSocket) webSocket.close(ERRORS[code].close);
      else conn.close();
      // Stops reading, because bytes that come until the close would be kept. Unlike an end at once, this lets a client
      // that is still sending read the reason.
      webSocket?.pause();
      // The paused socket does not read the answer to the close frame, and keeps what has come until the close timeout.
      // A connection that is ended because room is needed is terminated at once, so that it releases its room.
      if (code === "BUSY") setImmediate(() => webSocket?.terminate());
      else setTimeout(() => webSocket?.terminate(), HEARD_MS).unref();
    };
    watches.set(
      conn,
      watchPackets(conn, { arriving: options.arriving, network: options.networkOf(conn.request), maxPacketBytes, end }),
    );
  }

  const io = new Server({
    serveClient: false,
    connectTimeout: CONNECT_MS,
    adapter: unsealFrames(
      createShardedAdapter(publisher, subscriber, { subscriptionMode: "dynamic" }),
      options.sealing,
    ),
  });
  // Before the library listens to a connection.
  engine.on("connection", (conn: Connection) => void watch(conn));
  io.on("connection", ({ conn }) => watches.get(conn)?.admit());
  io.bind(engine);
  return { io, engine };
}
