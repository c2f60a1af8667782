import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";

export interface AdminServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * Serves pages of the admin port in addition to those of `startAdminServer`. Resolves with false for a path that it
 * does not have.
 */
export type AdminPages = (path: string, request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/**
 * Serves `/healthz`, `/readyz` and `/metrics` on a port of its own, and also `pages`, which must check themselves who
 * may use them. @throws when the port is in use.
 */
export async function startAdminServer(options: {
  port: number;
  host: string;
  health: Health;
  metrics: Metrics;
  pages?: AdminPages;
}): Promise<AdminServer> {
  const server = createServer((request, response) => {
    response.setHeader("x-content-type-options", "nosniff");
    respond(request, response, options).catch(() => response.destroy());
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { health, metrics, pages }: { health: Health; metrics: Metrics; pages?: AdminPages },
): Promise<void> {
  const path = (request.url ?? "").split("?")[0] ?? "";
  if (path === "/metrics") {
    response.writeHead(200, { "content-type": metrics.contentType }).end(await metrics.text());
  } else if (!(await answerHealth(path, response, health)) && !(await pages?.(path, request, response))) {
    response.writeHead(404).end();
  }
}

/** Responds to `/healthz` (alive) and `/readyz` (200 or 503 with the checks); returns false for any other path. */
export async function answerHealth(path: string, response: ServerResponse, health: Health): Promise<boolean> {
  if (path === "/healthz") {
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end('{"alive":true}');
    return true;
  }
  if (path !== "/readyz") return false;
  const readiness = await health.ready();
  response.writeHead(readiness.ready ? 200 : 503, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(readiness));
  return true;
}
