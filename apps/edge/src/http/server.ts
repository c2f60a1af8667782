import { answerHealth, type Health } from "@docrelay/platform";
import { refuse, wireError } from "@docrelay/protocol";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { RateLimiter } from "../limits/rate-limit.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Login } from "../login/login.ts";
import { clientNetwork } from "../auth/client-address.ts";
import { toFailure } from "../report/failure.ts";
import { originAllowed, type Origins } from "../auth/origin.ts";
import type { HttpApi } from "./api/api.ts";
import { hasBody } from "./api/body.ts";
import { sendError, sendJson } from "./api/respond.ts";
import { isOpenAiPath, sendOpenAiError } from "./openai/send-error.ts";
import { allowOrigin } from "../auth/allow-origin.ts";
import { boundSockets } from "./bound-sockets.ts";
import { sayNotFound } from "./not-found.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import type { StaticSite } from "./static-site.ts";

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface HttpDeps {
  readonly site: StaticSite;
  readonly health: Health;
  readonly authenticator: Authenticator;
  /** Signs users in through the page; undefined unless `AUTH_MODE` is `oidc`. */
  readonly login: Login | undefined;
  readonly origins: Origins;
  readonly trustedProxies: BlockList;
  /** Limits how many anonymous users one network may create; undefined: not limited. */
  readonly sessionRate: RateLimiter | undefined;
  /** Counts a refused request; returns for how many ms the response must be delayed, which slows the client down. */
  readonly pauseOfRefusal: (request: IncomingMessage) => number;
  readonly api: Pick<HttpApi, "answer">;
  /** Handles the requests of Socket.IO's long polling; undefined if `TRANSPORTS` does not allow polling. */
  readonly polling: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** How long an idle connection is kept open. */
  readonly keepAliveMs: number;
  /** The most open TCP connections, with or without a request; a further connection is closed without a response. */
  readonly maxSockets: number;
  /** The most open TCP connections of one network. `networkOf` returns undefined for a connection that does not count. */
  readonly socketsOfNetwork: Parameters<typeof boundSockets>[1];
  readonly upgrades: { readonly socketIo: Upgrade; readonly plain: Upgrade };
  onBug(error: unknown): void;
}

const HEADERS_MS = 10_000;
const HEARD_MS = 1000;
const HEARD_BYTES = 4_194_304;
/** How long the body of a request may take to arrive if no route of the HTTP API has handled the request. */
const REQUEST_MS = 30_000;
/** How long any request may take to arrive: enough for a large file over a slow network. */
const UPLOAD_MS = 600_000;

/**
 * Creates the server of the public port: page, sessions, the HTTP API, health, and upgrades to both WebSocket
 * endpoints. Other paths are 404.
 */
export function createHttpServer(deps: HttpDeps): Server {
  const options = { headersTimeout: HEADERS_MS, requestTimeout: UPLOAD_MS, keepAliveTimeout: deps.keepAliveMs };
  const server = createServer({ ...options, connectionsCheckingInterval: 2000, noDelay: true }, (request, response) => {
    response.setHeader("x-content-type-options", "nosniff");
    answer(deps, request, response).catch(async (error: unknown) => {
      const { wire, severity } = toFailure(error);
      if (severity === "bug") deps.onBug(error);
      if (!request.complete) await hearOut(request);
      const pauseMs = deps.pauseOfRefusal(request);
      if (pauseMs > 0) await sleep(pauseMs);
      const say = isOpenAiPath(pathOf(request)) ? sendOpenAiError : sendError;
      say(response, wire);
    });
  });
  server.maxConnections = deps.maxSockets;
  boundSockets(server, deps.socketsOfNetwork);
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined); // the client has disconnected during the handshake, so nothing is left to do
    const path = pathOf(request);
    const { origins, upgrades } = deps;
    if (isPlainSocket(path)) return upgrades.plain(request, socket, head);
    if (path !== "/socket.io/" && path !== "/socket.io") return refuseUpgrade(socket, "NOT_FOUND");
    if (!originAllowed(request.headers, origins)) return refuseUpgrade(socket, "ORIGIN_DENIED");
    upgrades.socketIo(request, socket, head);
  });
  return server;
}

/**
 * Reads and drops the rest of a request, until a second has passed or 4 MiB have come. A client that is still sending
 * when its connection closes would not get the response.
 */
async function hearOut(request: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, HEARD_MS);
  let heard = 0;
  request.on("data", (chunk: Buffer) => {
    heard += chunk.length;
    if (heard > HEARD_BYTES) resolve();
  });
  for (const end of ["end", "close", "error"]) request.once(end, resolve);
  request.resume(); // the reader of the body may have paused the request
  await promise;
  clearTimeout(timer);
}

async function answer(deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = pathOf(request);
  if (path.startsWith("/v1/") && (await deps.api.answer(path, request, response))) return;
  if (hasBody(request)) boundBody(request);
  if (await deps.login?.answer(path, request, response)) return;
  if (path === "/v1/session") return answerSession(deps, request, response);
  if (path === "/" && (await deps.login?.isMissing(request))) {
    // The location is relative, because a proxy may have cut off a prefix of the path.
    return void response.writeHead(303, { location: "v1/login", "cache-control": "no-store" }).end();
  }
  if (deps.site.answer(path, request, response)) return;
  if (await answerHealth(path, response, deps.health)) return;
  if (path === "/socket.io/" || path === "/socket.io") {
    allowOrigin(deps.origins, request, response, "GET, POST");
    if (request.method === "OPTIONS") return void response.writeHead(204).end();
    if (deps.polling) return deps.polling(request, response);
    throw refuse("BAD_MESSAGE", { reason: "type", message: "Connect by WebSocket." });
  }
  if (isPlainSocket(path)) return askForUpgrade(request, response);
  if (sayNotFound(path, request, response)) return;
  throw refuse("NOT_FOUND");
}

/** Ends a connection when the body of its request does not arrive within `REQUEST_MS`. */
function boundBody(request: IncomingMessage): void {
  const late = setTimeout(() => request.destroy(), REQUEST_MS);
  late.unref();
  request.once("close", () => clearTimeout(late));
}

/** `POST /v1/session`: a session of a new anonymous user, or a fresh one for the user of the token in the request. */
async function answerSession(deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { headers, method } = request;
  allowOrigin(deps.origins, request, response, "POST");
  if (method === "OPTIONS") return void response.writeHead(204).end();
  if (method !== "POST") {
    response.setHeader("allow", "POST, OPTIONS");
    throw refuse("NOT_FOUND");
  }
  request.resume(); // the body is ignored
  if (deps.login) return sendJson(response, 200, await deps.login.session(request));
  const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
  const user = token === undefined ? undefined : (await deps.authenticator.verify(token)).user;
  const network = clientNetwork(request, deps.trustedProxies);
  // `npm run doctor` reads this header to see whether the proxies in front forward the client's address.
  response.setHeader("x-docrelay-client", network);
  const wait = user === undefined ? (deps.sessionRate?.take(network, performance.now()) ?? 0) : 0;
  if (wait > 0) throw refuse("RATE_LIMITED", { retryAfterMs: wait });
  const session = await deps.authenticator.issue(user);
  sendJson(response, 200, session);
}

const isPlainSocket = (path: string): boolean => path === "/ws/chat" || path === "/ws/chat/";

/**
 * Responds to a request that is for a WebSocket address but has no header `Upgrade`; a proxy may have removed it.
 */
function askForUpgrade(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const message = "This address speaks WebSocket. If the client asked for one, a proxy has dropped its Upgrade header.";
  response.writeHead(426, {
    "content-type": "application/json",
    "cache-control": "no-store",
    upgrade: "websocket",
    connection: "Upgrade",
  });
  response.end(JSON.stringify({ error: wireError("BAD_MESSAGE", { reason: "type", message }) }));
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?")[0] ?? "";
}
