import type { FanOut, Store } from "@docrelay/channel";
import type { Logger } from "@docrelay/platform";
import { refuse, type Limits } from "@docrelay/protocol";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { identifyUpgrade, type IdentifyDeps } from "./identify.ts";
import type { AcceptAsk } from "../asks/accept-ask.ts";
import type { Identity } from "../auth/authenticator.ts";
import type { Admit } from "../limits/admission.ts";
import type { ClientConnection } from "../drain.ts";
import { createExpiry } from "../auth/expiry.ts";
import { toFailure } from "../report/failure.ts";
import { refuseUpgrade } from "../http/refuse-upgrade.ts";
import type { EdgeMetrics } from "../report/metrics.ts";
import type { OpenQueue } from "../conversation/open-queue.ts";
import { openConversation } from "../conversation/open-conversation.ts";
import { originAllowed } from "../auth/origin.ts";
import { createAssembly } from "./assembly.ts";
import { servePlain, type ConnectionDeps, type PlainConnection } from "./connection.ts";
import { createFrameThreads } from "./frame-threads.ts";
import { watchLiveness } from "./liveness.ts";
import { createSlots } from "../limits/slots.ts";

export interface PlainDeps extends IdentifyDeps {
  readonly store: Store;
  /** On a subscriber connection of its own. */
  readonly fanOut: FanOut;
  /** Whose log is read next, shared with the other readers of this edge. */
  readonly openQueue: OpenQueue;
  readonly acceptAsk: AcceptAsk;
  readonly cancel: ConnectionDeps["cancel"];
  readonly admit: Admit;
  readonly isDraining: () => boolean;
  readonly origins: readonly string[];
  readonly limits: Pick<Limits, "messageChars" | "fileBytes" | "filesPerAsk">;
  readonly maxSocketBufferBytes: number;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  onTrouble(error: unknown): void;
  /** Default 25,000. */
  readonly pingEveryMs?: number;
  /** Of large frames on their way, all connections together. Default 256 MiB, or four of the largest. */
  readonly maxArrivingBytes?: number;
}

/** `/ws/chat`: the old front ends' endpoint. */
export interface PlainEndpoint extends AsyncDisposable {
  /** Admits and upgrades, or answers by HTTP status. For requests whose path has matched. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly count: number;
  /** Frames that were decoded in a thread so far. */
  readonly bigFrames: number;
  /** The connections that are open now. */
  connections(): ClientConnection[];
}

const PROTOCOL = "docrelay.v1";
/** A frame's own words around its base64. */
const FRAME_MARGIN_BYTES = 65_536;
/** Browsers send a large frame in pieces: Chromium 33 MB in 251 of 128 KiB. A quarter of that size is allowed for. */
const MIN_FRAGMENTS = 256;
const FRAGMENT_BYTES = 32_768;
const CLOSE_MS = 2000;
const DECODE_MS = 15_000;
const ARRIVING = { bytes: 268_435_456, frames: 4 };
/** Each that waits holds a frame of up to 35 MB. */
const BIG_FRAMES = { atOnce: 2, maxWaiting: 8, waitMs: 30_000 };

export function createPlainEndpoint(deps: PlainDeps): PlainEndpoint {
  const { metrics, limits } = deps;
  const frameBytes = Math.ceil((limits.fileBytes * 4) / 3) + FRAME_MARGIN_BYTES;
  const options = {
    noServer: true,
    clientTracking: false,
    autoPong: false,
    maxPayload: frameBytes,
    maxFragments: Math.max(MIN_FRAGMENTS, Math.ceil(frameBytes / FRAGMENT_BYTES)),
    perMessageDeflate: false,
    closeTimeout: CLOSE_MS,
    // Never a bearer.<token> back in a header.
    handleProtocols: (offered: Set<string>) => (offered.has(PROTOCOL) ? PROTOCOL : (false as const)),
  };
  const server = new WebSocketServer(options);
  const threads = createFrameThreads({ limits, frameBytes, deadlineMs: DECODE_MS });
  const open = new Map<WebSocket, PlainConnection>();
  const assembly = createAssembly(deps.maxArrivingBytes ?? Math.max(ARRIVING.bytes, ARRIVING.frames * frameBytes));
  const connectionDeps: ConnectionDeps = {
    ...deps,
    openConversation: (reader, wish) => openConversation(deps, reader, wish),
    frameBytes,
    askDeadlineMs: deps.store.askDeadlineMs,
    threads,
    bigFrames: createSlots(BIG_FRAMES),
  };

  function identify(request: IncomingMessage): Promise<Identity> {
    if (!originAllowed(request.headers, deps.origins)) throw refuse("ORIGIN_DENIED");
    return identifyUpgrade(deps, request);
  }

  function serve(ws: WebSocket, request: IncomingMessage, identity: Identity): void {
    const connection = servePlain(connectionDeps, ws, identity);
    open.set(ws, connection);
    const unwatch = watchLiveness(
      ws,
      request.socket,
      {
        isHeld: () => connection.working,
        silent() {
          connection.end("IDLE_TIMEOUT");
          ws.terminate();
        },
        flooded: () => connection.end("RATE_LIMITED"),
      },
      deps.pingEveryMs,
    );
    const arriving = assembly.join(() => {
      connection.end("BUSY");
      setImmediate(() => ws.terminate()); // closing, it would go on collecting
    });
    // Before the library hears of them, so that a whole frame leaves nothing counted.
    request.socket.prependListener("data", (chunk: Buffer) => arriving.received(chunk.length));
    ws.on("message", () => arriving.finished());
    const expiry = createExpiry(() => connection.end("AUTH_EXPIRED"));
    if (identity.expiresAt !== Number.POSITIVE_INFINITY) expiry.until(identity.expiresAt);
    ws.on("error", (error: Error & { code?: string }) => {
      // The library has closed it with the code that fits: 1002, 1007, 1008 or 1009.
      metrics.closed(error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" ? "PAYLOAD_TOO_LARGE" : "BAD_MESSAGE");
    });
    ws.on("close", () => {
      open.delete(ws);
      unwatch();
      arriving.finished();
      expiry.stop();
      connection.closed();
    });
    if (deps.isDraining()) connection.shutDown();
  }

  return {
    get count() {
      return open.size;
    },
    get bigFrames() {
      return threads.decoded;
    },
    handleUpgrade(request, socket, head) {
      socket.on("error", () => undefined); // it went away in mid-handshake
      deps
        .admit(async () => identify(request))
        .then(
          ({ identity, release }) => {
            if (socket.destroyed) return release();
            socket.once("close", release);
            server.handleUpgrade(request, socket, head, (ws) => serve(ws, request, identity));
          },
          (error: unknown) => {
            const { wire, severity } = toFailure(error);
            if (severity === "bug") deps.log.error({ err: error }, "handshake failed");
            else if (severity === "store") deps.onTrouble(error);
            metrics.answered("connect", wire.code);
            const { code, retryable: _retryable, ...more } = wire;
            refuseUpgrade(socket, code, more);
          },
        );
    },
    connections: () => [...open.values()],
    async [Symbol.asyncDispose]() {
      for (const [ws, connection] of open) {
        connection.closed();
        ws.terminate();
      }
      await threads[Symbol.asyncDispose]();
    },
  };
}
