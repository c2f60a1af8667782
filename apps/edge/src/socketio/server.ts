import type { Sealing, RedisClient, RedisSubscriber } from "@docrelay/channel";
import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import { createShardedAdapter } from "@socket.io/redis-adapter";
import { Server as EngineServer } from "engine.io";
import type { IncomingMessage } from "node:http";
import { Server, type Socket } from "socket.io";
import { WebSocketServer, type ServerOptions } from "ws";
import type { Arriving } from "../limits/arriving.ts";
import { holdReading, pauseReading, type Pace } from "../limits/pace.ts";
import { endConnection } from "./end-connection.ts";
import { watchPackets, type PacketWatch } from "./watch-packets.ts";
import { unsealFrames } from "./unseal-frames.ts";
import { webSocketOf } from "./web-socket-of.ts";

/**
 * A WebSocket server with lower bounds than the defaults of the library `ws`. A message may have 256 fragments (by
 * default 16,384, all of them in memory). A connection that is closing keeps its unread bytes until the close timeout,
 * which is 10 s here (by default 30 s).
 */
class Bounded extends WebSocketServer {
  constructor(options: ServerOptions) {
    const bounds = { maxFragments: 256, closeTimeout: CLOSE_MS };
    super({ ...options, ...bounds });
  }
}

const CONNECT_MS = 10_000;
const CLOSE_MS = 10_000;
/** How long a client whose connection is ended because of what it sent may take to read the reason. */
const HEARD_MS = 1000;
const PONG_MS = 20_000;
/** The most bytes of an ask's packet without its files: the message, with every character escaped, names and ids. */
const ENVELOPE_BYTES = 524_288;
/**
 * A packet may have this many times `MAX_INLINE_BYTES`. So an ask whose files are a little too large is read and
 * refused with `PAYLOAD_TOO_LARGE`, and its connection stays open.
 */
const MAX_INLINE = 2;

type Connection = Socket["conn"];

/**
 * Creates the Socket.IO server. If WebSocket is the only transport, the balancer need not send a client to the same
 * edge each time. The HTTP server passes handshakes to `engine` by their path: if both WebSocket endpoints listened
 * themselves, each would end the handshakes of the other.
 */
export function createSocketServer(options: {
  readonly publisher: RedisClient;
  readonly subscriber: RedisSubscriber;
  readonly sealing?: Sealing | undefined;
  readonly maxInlineBytes: number;
  readonly pingIntervalMs: number;
  readonly transports: ReadonlyArray<"websocket" | "polling">;
  /** Bounds the bytes of incomplete messages of all connections of the edge. */
  readonly arriving: Arriving;
  /** Returns the network of a request's client; undefined if `USERS_PER_ADDRESS` is 0. */
  readonly networkOf: (request: IncomingMessage) => string | undefined;
  readonly pace: Pace;
  /** Called when a connection was ended with this code, because of what it sent or because it did not send in time. */
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
  let opened = 0;
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
      // Stops reading, because bytes that come before the close would be kept in memory. The connection is not ended at
      // once, so that a client that is still sending can read the reason.
      if (webSocket) holdReading(webSocket);
      // A paused socket does not see the client's answer to the close frame, and would keep its bytes until the close
      // timeout. So it is terminated: after a second, or at once if its memory is needed (`BUSY`).
      if (code === "BUSY") setImmediate(() => webSocket?.terminate());
      else setTimeout(() => webSocket?.terminate(), HEARD_MS).unref();
    };
    const network = options.networkOf(conn.request);
    const name = network ?? `connection ${++opened}`;
    const receivedLarge = (bytes: number): void => {
      const webSocket = webSocketOf({ conn });
      if (webSocket) pauseReading(webSocket, options.pace.received(name, bytes));
    };
    const ofTransport = (transport: unknown): ReturnType<typeof webSocketOf> => webSocketOf({ conn: { transport } });
    const rule = { arriving: options.arriving, network, webSocketOf: ofTransport, maxPacketBytes, receivedLarge, end };
    watches.set(conn, watchPackets(conn, rule));
  }

  const io = new Server({
    serveClient: false,
    connectTimeout: CONNECT_MS,
    adapter: unsealFrames(
      createShardedAdapter(publisher, subscriber, { subscriptionMode: "dynamic" }),
      options.sealing,
    ),
  });
  // This listener is added before `io.bind`, so that packets are watched before Socket.IO handles them.
  engine.on("connection", (conn: Connection) => void watch(conn));
  io.on("connection", ({ conn }) => watches.get(conn)?.admit());
  io.bind(engine);
  return { io, engine };
}
