import type { Health } from "@docrelay/platform";
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientConnection } from "./limits/client-connection.ts";

export interface DrainDeps {
  readonly health: Health;
  readonly http: HttpServer;
  readonly connections: () => ClientConnection[];
  /** How long to wait until a balancer has noticed that this edge is not ready; 0 if no balancer checks readiness. */
  readonly delayMs: number;
  readonly spreadMs: number;
  /** Whether clients may connect by long polling (`TRANSPORTS`). */
  readonly hasPolling: boolean;
}

type Closable = Pick<ClientConnection, "pending" | "shutDown">;

const STEP_MS = 50;
const CLOSE_MS = 1000;
const LAST_POLL_MS = 250;
/** How long open HTTP responses may take to end before their connections are cut. */
const LAST_WORDS_MS = 250;

/**
 * Drains an edge: the edge reports not ready, refuses new connections, and closes the open ones spread over `spreadMs`.
 * Clients continue to read the log through another edge.
 */
export async function drain(deps: DrainDeps): Promise<void> {
  deps.health.drain();
  if (deps.delayMs > 0) await sleep(deps.delayMs);
  await shutDownAll(deps.connections(), deps.spreadMs);
  // A polling client fetches its last packet with one more request, so the port stays open a little longer.
  if (deps.hasPolling) await sleep(LAST_POLL_MS);
  const closed = once(deps.http, "close");
  deps.http.close();
  await Promise.race([closed, sleep(LAST_WORDS_MS)]);
  deps.http.closeAllConnections();
  await Promise.race([closed, sleep(CLOSE_MS)]);
}

/**
 * Closes connections in groups, at least 50 ms apart and spread over `spreadMs`; connections without pending work are
 * closed first. If all were closed at once, all clients would reconnect to the other edges at the same moment.
 */
export async function shutDownAll(connections: readonly Closable[], spreadMs: number): Promise<void> {
  const sorted = connections.toSorted((a, b) => a.pending - b.pending);
  const groups = Math.max(1, Math.min(Math.floor(spreadMs / STEP_MS), sorted.length));
  const size = Math.max(1, Math.ceil(sorted.length / groups));
  for (let start = 0; start < sorted.length; start += size) {
    if (start > 0) await sleep(spreadMs / groups);
    for (const connection of sorted.slice(start, start + size)) connection.shutDown();
  }
}
