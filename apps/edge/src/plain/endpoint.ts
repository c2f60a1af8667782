import type { FanOut } from "@docrelay/channel";
import type { Logger } from "@docrelay/platform";
import { refuse, type Limits } from "@docrelay/protocol";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type ServerOptions, type WebSocket } from "ws";
import type { AcceptAsk } from "../asks/accept-ask.ts";
import type { CancelAsk } from "../asks/cancel-ask.ts";
import type { Identity } from "../auth/authenticator.ts";
import { originAllowed } from "../auth/origin.ts";
import type { OpenConversation } from "../conversation/open-conversation.ts";
import type { ClientConnection } from "../limits/client-connection.ts";
import { refuseUpgrade } from "../http/refuse-upgrade.ts";
import type { Arriving } from "../limits/arriving.ts";
import type { Admit } from "../limits/admission.ts";
import type { Pace } from "../limits/pace.ts";
import type { RateLimiter } from "../limits/rate-limit.ts";
import { createSlots } from "../limits/slots.ts";
import { toFailure } from "../report/failure.ts";
import type { EdgeMetrics } from "../report/metrics.ts";
import type { PlainConnection } from "./connection.ts";
import { createFrameThreads } from "./frame-threads.ts";
import { identifyUpgrade, type IdentifyDeps } from "./identify.ts";
import { servePlainSocket, type ServeDeps } from "./serve-socket.ts";

export interface PlainDeps extends IdentifyDeps {
  readonly admit: Admit;
  readonly isDraining: () => boolean;
  /** Receives published events over a Redis connection that the Socket.IO adapter does not use. */
  readonly fanOut: FanOut;
  readonly openConversation: OpenConversation;
  readonly acceptAsk: AcceptAsk;
  readonly cancelAsk: CancelAsk;
  readonly limits: Pick<Limits, "messageChars" | "fileBytes" | "filesPerAsk">;
  readonly askDeadlineMs: number;
  readonly maxSocketBufferBytes: number;
  readonly pingIntervalMs: number;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  onTrouble(error: unknown): void;
  /** Bounds the bytes of incomplete messages of all connections of the edge. */
  readonly arriving: Arriving;
  /** Returns the network of a request's client; undefined if `USERS_PER_ADDRESS` is 0. */
  readonly networkOf: (request: IncomingMessage) => string | undefined;
  /** Limits how many large frames one network, or one user if `USERS_PER_ADDRESS` is 0, may send to this edge. */
  readonly largeRate: RateLimiter;
  readonly pace: Pace;
}

/** The WebSocket endpoint `/ws/chat` of front ends of the original system. */
export interface PlainEndpoint extends AsyncDisposable {
  /**
   * Admits and upgrades a request, or refuses it with an HTTP status. Must be called only for requests to `/ws/chat`.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly count: number;
  /** How many large frames, of more than 256 KiB each, worker threads have decoded so far. Only tests read it. */
  readonly largeFrames: number;
  connections(): ClientConnection[];
}

const PROTOCOL = "docrelay.v1";
/** The most bytes that a frame's JSON may have around the base64 of its files. */
const FRAME_MARGIN_BYTES = 65_536;
/**
 * The bound of a frame's fragments: one for each `FRAGMENT_BYTES` of the largest frame, but at least `MIN_FRAGMENTS`.
 * Browsers send a large frame in fragments: Chromium sends 33 MB as 251 fragments of 128 KiB, four times
 * `FRAGMENT_BYTES`.
 */
const MIN_FRAGMENTS = 256;
const FRAGMENT_BYTES = 32_768;
const CLOSE_MS = 2000;
const DECODE_MS = 15_000;
/**
 * Bounds how many large frames are decoded at a time, and how many wait for their decoding: each keeps up to 35 MB in
 * memory.
 */
const LARGE_FRAMES = { atOnce: 2, atOncePerName: 1, maxWaiting: 8, maxWaitingPerName: 4, waitMs: 30_000 };

/** Returns the size of the largest frame that has a file of `fileBytes`, in bytes. */
export function plainFrameBytes(fileBytes: number): number {
  return Math.ceil((fileBytes * 4) / 3) + FRAME_MARGIN_BYTES;
}

export function createPlainEndpoint(deps: PlainDeps): PlainEndpoint {
  const { limits } = deps;
  const maxFrameBytes = plainFrameBytes(limits.fileBytes);
  const server = new WebSocketServer(serverOptions(maxFrameBytes));
  const threads = createFrameThreads({ limits, frameBytes: maxFrameBytes, deadlineMs: DECODE_MS });
  const open = new Map<WebSocket, PlainConnection>();
  const serveDeps = socketDeps(deps, maxFrameBytes, threads);

  function serve(ws: WebSocket, request: IncomingMessage, identity: Identity): void {
    const connection = servePlainSocket(serveDeps, { ws, request, identity });
    open.set(ws, connection);
    ws.on("close", () => open.delete(ws));
    if (deps.isDraining()) connection.shutDown();
  }

  return {
    get count() {
      return open.size;
    },
    get largeFrames() {
      return threads.decoded;
    },
    handleUpgrade(request, socket, head) {
      socket.on("error", () => undefined); // the client has disconnected during the handshake, so nothing is left to do
      deps
        .admit(() => identify(deps, request), request)
        .then(
          ({ identity, release }) => {
            if (socket.destroyed) return release();
            socket.once("close", release);
            server.handleUpgrade(request, socket, head, (ws) => serve(ws, request, identity));
          },
          (error: unknown) => refuseConnection(deps, socket, error),
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

function socketDeps(deps: PlainDeps, maxFrameBytes: number, threads: ServeDeps["threads"]): ServeDeps {
  return {
    fanOut: deps.fanOut,
    openConversation: deps.openConversation,
    acceptAsk: deps.acceptAsk,
    cancelAsk: deps.cancelAsk,
    limits: deps.limits,
    maxFrameBytes,
    askDeadlineMs: deps.askDeadlineMs,
    maxSocketBufferBytes: deps.maxSocketBufferBytes,
    pingIntervalMs: deps.pingIntervalMs,
    threads,
    largeFrames: createSlots(LARGE_FRAMES),
    largeRate: deps.largeRate,
    pace: deps.pace,
    arriving: deps.arriving,
    networkOf: deps.networkOf,
    metrics: deps.metrics,
    log: deps.log,
    onTrouble: (error) => deps.onTrouble(error),
  };
}

async function identify(deps: PlainDeps, request: IncomingMessage): Promise<Identity> {
  if (!originAllowed(request.headers, deps.origins)) throw refuse("ORIGIN_DENIED");
  return identifyUpgrade(deps, request);
}

function refuseConnection(deps: PlainDeps, socket: Duplex, error: unknown): void {
  const { wire, severity } = toFailure(error);
  if (severity === "bug") deps.log.error({ err: error }, "handshake failed");
  else if (severity === "store") deps.onTrouble(error);
  deps.metrics.answered("connect", wire.code);
  const { code, retryable: _retryable, ...more } = wire;
  refuseUpgrade(socket, code, more);
}

function serverOptions(maxFrameBytes: number): ServerOptions {
  const options = {
    noServer: true,
    clientTracking: false,
    autoPong: false,
    maxPayload: maxFrameBytes,
    maxFragments: Math.max(MIN_FRAGMENTS, Math.ceil(maxFrameBytes / FRAGMENT_BYTES)),
    perMessageDeflate: false,
    closeTimeout: CLOSE_MS,
    // The client may offer its token as the subprotocol `bearer.<token>`. The edge never selects that subprotocol,
    // because the selected one is repeated in a header of the response.
    handleProtocols: (offered: Set<string>) => (offered.has(PROTOCOL) ? PROTOCOL : (false as const)),
  };
  // A variable, because an object literal here would not fit the types of `ws`, which lack `closeTimeout`.
  return options;
}
