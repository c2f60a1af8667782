import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";

export interface AdminServer extends AsyncDisposable {
  readonly port: number;
}

/** Serves `/healthz`, `/readyz` and `/metrics` on a port of its own, never the public one. */
export async function startAdminServer(of: {
  port: number;
  host: string;
  health: Health;
  metrics: Metrics;
}): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(request, response, of).catch(() => response.destroy());
  });
  server.listen(of.port, of.host);
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

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  of: { health: Health; metrics: Metrics },
): Promise<void> {
  const path = (request.url ?? "").split("?")[0];
  if (path === "/metrics") {
    response.writeHead(200, { "content-type": of.metrics.contentType }).end(await of.metrics.text());
  } else if (!(await answerHealth(path ?? "", response, of.health))) {
    response.writeHead(404).end();
  }
}

/** Answers `/healthz` (alive) and `/readyz` (200 or 503 with the checks); false for any other path. */
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
