import { answerHealth, type Health } from "@docrelay/platform";
import { ERRORS, refuse, type WireError } from "@docrelay/protocol";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { BlockList } from "node:net";
import type { RateLimiter } from "../limits/rate-limit.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import { clientAddress } from "../auth/client-address.ts";
import { toFailure } from "../report/failure.ts";
import { originAllowed } from "../auth/origin.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import type { StaticSite } from "./static-site.ts";

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface HttpDeps {
  readonly site: StaticSite;
  readonly health: Health;
  readonly authenticator: Authenticator;
  readonly origins: readonly string[];
  readonly trustedProxies: BlockList;
  /** New sessions by address; undefined: not limited. */
  readonly sessionRate: RateLimiter | undefined;
  /** Long polling of Socket.IO, where it is switched on. */
  readonly polling: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** How long an idle connection is kept open. */
  readonly keepAliveMs: number;
  /** The bound of TCP connections, with or without a request; a further one is closed without a response. */
  readonly maxSockets: number;
  readonly upgrades: { readonly socketIo: Upgrade; readonly plain: Upgrade };
  onBug(error: unknown): void;
}

const HEADERS_MS = 10_000;
const HEARD_MS = 1000;
const HEARD_BYTES = 4_194_304;
const REQUEST_MS = 30_000;

/** The public port: page, sessions, health, and the two ways to a WebSocket. Anything else is 404. */
export function createHttpServer(deps: HttpDeps): Server {
  const options = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: deps.keepAliveMs };
  const server = createServer({ ...options, connectionsCheckingInterval: 2000, noDelay: true }, (request, response) => {
    answer(deps, request, response).catch(async (error: unknown) => {
      const { wire, severity } = toFailure(error);
      if (severity === "bug") deps.onBug(error);
      if (!request.complete) await hearOut(request);
      sayError(response, wire);
    });
  });
  server.maxConnections = deps.maxSockets;
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined); // the client disconnected during the handshake
    const path = pathOf(request);
    const { origins, upgrades } = deps;
    if (path === "/ws/chat" || path === "/ws/chat/") return upgrades.plain(request, socket, head);
    if (path !== "/socket.io/" && path !== "/socket.io") return refuseUpgrade(socket, "NOT_FOUND");
    if (!originAllowed(request.headers, origins)) return refuseUpgrade(socket, "ORIGIN_DENIED");
    upgrades.socketIo(request, socket, head);
  });
  return server;
}

/** Reads the rest of a request, up to a bound: a client whose connection is closed while it writes gets no response. */
async function hearOut(request: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, HEARD_MS);
  let heard = 0;
  request.on("data", (chunk: Buffer) => {
    heard += chunk.length;
    if (heard > HEARD_BYTES) resolve();
  });
  for (const end of ["end", "close", "error"]) request.once(end, resolve);
  await promise;
  clearTimeout(timer);
}

async function answer(deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = pathOf(request);
  if (path === "/v1/session") return answerSession(deps, request, response);
  if (deps.site.answer(path, request, response)) return;
  if (await answerHealth(path, response, deps.health)) return;
  if (path === "/socket.io/" && deps.polling) {
    allowOrigin(deps, request, response, "GET, POST");
    if (request.method === "OPTIONS") return void response.writeHead(204).end();
    return deps.polling(request, response);
  }
  if (path.startsWith("/socket.io")) throw refuse("BAD_MESSAGE", { reason: "type", message: "Connect by WebSocket." });
  throw refuse("NOT_FOUND");
}

/** @throws Refusal `ORIGIN_DENIED` */
function allowOrigin(
  { origins }: HttpDeps,
  { headers }: IncomingMessage,
  response: ServerResponse,
  methods: string,
): void {
  response.setHeader("vary", "origin");
  if (!originAllowed(headers, origins)) throw refuse("ORIGIN_DENIED");
  if (headers.origin === undefined) return;
  response.setHeader("access-control-allow-origin", headers.origin);
  response.setHeader("access-control-allow-headers", "authorization, content-type");
  response.setHeader("access-control-allow-methods", methods);
  response.setHeader("access-control-max-age", "600");
}

/** `POST /v1/session`: a session of a new anonymous user, or a fresh one for the user of the token in the request. */
async function answerSession(deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { headers, method, socket } = request;
  allowOrigin(deps, request, response, "POST");
  if (method === "OPTIONS") return void response.writeHead(204).end();
  if (method !== "POST") {
    response.setHeader("allow", "POST, OPTIONS");
    throw refuse("NOT_FOUND");
  }
  request.resume(); // the body is ignored
  const address = clientAddress(socket.remoteAddress, headers["x-forwarded-for"], deps.trustedProxies);
  const wait = deps.sessionRate?.take(address, Date.now()) ?? 0;
  if (wait > 0) throw refuse("RATE_LIMITED", { retryAfterMs: wait });
  const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
  const user = token === undefined ? undefined : (await deps.authenticator.verify(token)).user;
  const session = await deps.authenticator.issue(user);
  say(response, 200, session);
}

function say(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { "content-type": "application/json", "cache-control": "no-store" })
    .end(JSON.stringify(body));
}

function sayError(response: ServerResponse, wire: WireError): void {
  if (response.headersSent) return void response.destroy();
  if (wire.retryAfterMs !== undefined) response.setHeader("retry-after", Math.ceil(wire.retryAfterMs / 1000));
  say(response, ERRORS[wire.code].http, { error: wire });
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?")[0] ?? "";
}
