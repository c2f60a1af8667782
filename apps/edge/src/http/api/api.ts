import type { Logger } from "@docrelay/platform";
import { refuse, Refusal, type WireError } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity } from "../../auth/authenticator.ts";
import { newVisitor, type VisitorDeps } from "../../limits/visitor.ts";
import type { Admit } from "../../limits/admission.ts";
import type { ClientConnection } from "../../limits/client-connection.ts";
import { toFailure } from "../../report/failure.ts";
import type { EdgeMetrics } from "../../report/metrics.ts";
import type { Origins } from "../../auth/origin.ts";
import { allowOrigin } from "../../auth/allow-origin.ts";
import { watchBody } from "./body.ts";
import { watchLink, type WatchLinkDeps } from "../../sharing/watch-link.ts";
import { ApiCall } from "./call.ts";
import { cutStream } from "./event-stream.ts";
import { openApi } from "../openapi/openapi.ts";
import type { Route } from "./routes.ts";
import { sendJsonBytes } from "./respond.ts";

export interface ApiDeps extends VisitorDeps, WatchLinkDeps {
  readonly routes: readonly Route[];
  readonly admit: Admit;
  readonly isDraining: () => boolean;
  readonly origins: Origins;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  onTrouble(error: unknown): void;
}

/** The HTTP API, for clients without a WebSocket. Most operations are the same as over Socket.IO. */
export interface HttpApi {
  /**
   * Responds when `path` belongs to the API; else resolves to false. @throws Refusal if the response has not begun; a
   * response that has begun is ended with the error.
   */
  answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** How many requests to the API have no complete response yet. */
  readonly count: number;
  connections(): ClientConnection[];
}

export function createHttpApi(deps: ApiDeps): HttpApi {
  const { routes } = deps;
  const open = new Set<ApiCall>();
  /** The description as JSON. It never changes, and making it takes a millisecond. */
  let description: Buffer | undefined;

  return {
    get count() {
      return open.size;
    },
    connections: () => [...open],
    async answer(path, request, response) {
      if (path === "/v1/openapi.json" && request.method === "GET") {
        allowOrigin(deps.origins, request, response, "GET");
        description ??= Buffer.from(JSON.stringify(openApi()));
        sendJsonBytes(response, 200, description);
        return true;
      }
      const known = routes.filter((route) => route.path.test(path));
      if (known.length === 0) return false;
      allowOrigin(deps.origins, request, response, known.map(({ method }) => method).join(", "));
      if (request.method === "OPTIONS") {
        response.writeHead(204).end();
        return true;
      }
      const route = known.find(({ method }) => method === request.method);
      if (!route) {
        response.setHeader("allow", [...known.map(({ method }) => method), "OPTIONS"].join(", "));
        throw refuse("NOT_FOUND");
      }
      try {
        await run({ deps, open }, route, path, { request, response });
        deps.metrics.answered(route.name, "ok");
      } catch (error) {
        // The client has disconnected, so no response can be sent.
        if (response.closed) {
          deps.metrics.answered(route.name, "gone");
          return true;
        }
        const wire = toWire(deps, route.name, error);
        deps.metrics.answered(route.name, wire.code);
        if (!response.headersSent) throw new Refusal(wire);
        deps.metrics.closed(wire.code);
        cutStream(response, wire, route.closing?.(wire));
      }
      return true;
    },
  };
}

/** Admits a request, which counts as a connection of its user until the response has closed, and runs the route. */
async function run(
  { deps, open }: { deps: ApiDeps; open: Set<ApiCall> },
  route: Route,
  path: string,
  { request, response }: Pick<ApiCall, "request" | "response">,
): Promise<void> {
  const { identity, release } = await deps.admit(() => identify(deps, route, request), request);
  if (response.closed) return release();
  const query = new URLSearchParams((request.url ?? "").split("?")[1]);
  const params = route.path.exec(path)?.slice(1) ?? [];
  const call = new ApiCall({ request, response, query, params }, identity);
  open.add(call);
  response.once("close", () => {
    open.delete(call);
    release();
  });
  if (identity.reads) {
    const ended = (): void => call.end(refuse("AUTH_INVALID", { message: "This link has ended." }));
    response.once("close", watchLink(deps, identity.reads, ended));
  }
  if (deps.isDraining()) call.shutDown();
  watchBody(call);
  await route.run(call);
}

/**
 * Returns the user of the request's bearer token; without a token, a new anonymous user if the route allows `visitors`.
 * @throws Refusal `AUTH_*`, `RATE_LIMITED`, `BUSY` if the login's keys cannot be fetched, `FORBIDDEN` for the token of a link on a route that is not for readers
 */
async function identify(deps: ApiDeps, { visitors, forReaders }: Route, request: IncomingMessage): Promise<Identity> {
  const { authorization = "" } = request.headers;
  if (/^bearer\b/i.test(authorization)) {
    const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw refuse("AUTH_INVALID");
    const identity = await deps.authenticator.verify(token);
    if (identity.reads && !forReaders) throw refuse("FORBIDDEN");
    return identity;
  }
  return visitors ? newVisitor(deps, request) : deps.authenticator.verify(undefined);
}

/**
 * Turns an error into the one that is sent to the client. An error that is not a refusal is logged, and the client gets
 * the trace of that log line.
 */
function toWire({ log, onTrouble }: ApiDeps, route: string, error: unknown): WireError {
  const { wire, severity } = toFailure(error);
  if (error instanceof Refusal && error.cause !== undefined) onTrouble(error.cause);
  if (severity === "refused") return wire;
  const trace = randomUUID();
  if (severity === "bug") log.error({ trace, event: route, err: error }, "bug");
  else onTrouble(error);
  return { ...wire, trace };
}
