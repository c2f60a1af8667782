import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { Identity } from "../auth/authenticator.ts";
import { Expiry } from "../auth/expiry.ts";
import type { Arriving, Evict } from "../limits/arriving.ts";
import { isHeld, pauseReading } from "../limits/pace.ts";
import { PlainConnection, type ConnectionDeps } from "./connection.ts";
import { watchLiveness } from "./liveness.ts";

/**
 * In the rate of received bytes (`Pace`), each byte of a large frame counts as this many bytes, because large frames
 * are costly: each is copied as a whole, and its files are base64 in JSON.
 */
const PLAIN_WEIGHT = 4;
/** How long one frame may take to arrive: enough for the largest frame over a slow network. */
const FRAME_MS = 600_000;

export interface ServeDeps extends ConnectionDeps {
  readonly arriving: Arriving;
  /** Returns the network of a request's client; undefined if `USERS_PER_ADDRESS` is 0. */
  readonly networkOf: (request: IncomingMessage) => string | undefined;
  readonly pingIntervalMs: number;
}

export interface Upgraded {
  readonly ws: WebSocket;
  readonly request: IncomingMessage;
  readonly identity: Identity;
}

/**
 * Serves an open socket, and ends it when the client is silent or floods it with pings, or when its token has expired.
 */
export function servePlainSocket(deps: ServeDeps, { ws, request, identity }: Upgraded): PlainConnection {
  const connection = new PlainConnection(deps, ws, identity);
  const unwatch = watchLiveness(
    ws,
    request.socket,
    {
      isHeld: () => isHeld(ws),
      silent() {
        connection.end("IDLE_TIMEOUT");
        ws.terminate();
      },
      flooded: () => connection.end("RATE_LIMITED"),
    },
    deps.pingIntervalMs,
  );
  const evict: Evict = (why) => {
    connection.end(why);
    setImmediate(() => ws.terminate()); // a socket that waits for the client's close would continue to buffer bytes
  };
  const network = deps.networkOf(request);
  const arriving = deps.arriving.join(evict, FRAME_MS, network);
  // This listener runs before that of the library `ws`, so that bytes are counted first, and then a complete frame
  // resets the count.
  request.socket.prependListener("data", (chunk: Buffer) => {
    const large = arriving.received(chunk.length);
    if (large > 0) pauseReading(ws, deps.pace.received(network ?? identity.user, large * PLAIN_WEIGHT));
  });
  ws.on("message", () => arriving.finished());
  const expiry = new Expiry(() => connection.end("AUTH_EXPIRED"));
  if (identity.expiresAt !== Number.POSITIVE_INFINITY) expiry.until(identity.expiresAt);
  ws.on("error", (error: Error & { code?: string }) => {
    // The frame broke the WebSocket protocol or a bound of the library `ws`, which has closed the socket already, with
    // the code 1002, 1007, 1008 or 1009.
    deps.metrics.closed(error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" ? "PAYLOAD_TOO_LARGE" : "BAD_MESSAGE");
  });
  ws.on("close", () => {
    unwatch();
    arriving.finished();
    expiry.stop();
    connection.closed();
  });
  return connection;
}
