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
/** A client that is ended for what it sends has this long to hear why. */
const HEARD_MS = 1000;
const PONG_MS = 20_000;
/** The part of an ask's packet besides its files: the message with every character escaped, names, ids. */
const ENVELOPE_BYTES = 524_288;
/** A packet may have this many times the bytes allowed inside an ask, so that the reply can be PAYLOAD_TOO_LARGE. */
const MAX_INLINE = 2;

type Connection = Socket["conn"];

/**
 * The Socket.IO server. With WebSocket as the only transport a connection needs no sticky balancer. The HTTP server
 * passes upgrades to `engine` by path: otherwise each of the two WebSocket endpoints would end the other's handshakes.
 */
export function createSocketServer(options: {
  readonly publisher: RedisClient;
  readonly subscriber: RedisSubscriber;
  readonly sealing?: Sealing | undefined;
  readonly maxInlineBytes: number;
  readonly pingIntervalMs: number;
  readonly transports: ReadonlyArray<"websocket" | "polling">;
  /** Incomplete messages of all connections of the edge. */
  readonly arriving: Arriving;
  /** The network of a client; undefined where networks are not counted. */
  readonly networkOf: (request: IncomingMessage) => string | undefined;
  /** A connection was ended for what it sent, or did not send. */
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
      // What comes until it has closed would be kept. Unlike an end at once, a client that still sends hears why.
      webSocket?.pause();
      // The answer to a close frame is not read any more, and what has come is kept until then. Whoever is ended for room
      // gives it back at once.
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
