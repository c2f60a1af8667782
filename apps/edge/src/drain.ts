import type { Health } from "@docrelay/platform";
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import type { Server } from "socket.io";
import { endConnection } from "./socketio/end-connection.ts";
import { sleep } from "./report/sleep.ts";

export interface DrainDeps {
  readonly health: Health;
  readonly http: HttpServer;
  readonly io: Server;
  readonly plain: { drain(spreadMs: number): Promise<void> };
  /** How long a balancer gets to see that this edge is not ready; 0 where nobody asks. */
  readonly delayMs: number;
  /** Whether clients may be there that poll. */
  readonly polls: boolean;
}

/** All sockets at once would be a herd at the other edges. */
const SPREAD_MS = 1500;
const STEP_MS = 50;
const CLOSE_MS = 1000;
const LAST_POLL_MS = 250;

/**
 * Lets go of everybody: not ready, nobody new let in, each socket told and closed, spread over a second and a half. Their
 * conversations go on elsewhere, from the log.
 */
export async function drain({ health, http, io, plain, delayMs, polls }: DrainDeps): Promise<void> {
  health.drain();
  await sleep(delayMs);
  await Promise.all([endSockets(io), plain.drain(SPREAD_MS)]);
  // A client that polls hears its last word on a request of its own: until here they are taken.
  if (polls) await sleep(LAST_POLL_MS);
  const closed = once(http, "close");
  http.close();
  http.closeAllConnections();
  await Promise.race([closed, sleep(CLOSE_MS)]);
}

async function endSockets(io: Server): Promise<void> {
  const sockets = [...io.of("/").sockets.values()];
  const steps = Math.max(1, Math.min(SPREAD_MS / STEP_MS, sockets.length));
  const each = Math.ceil(sockets.length / steps);
  for (let at = 0; at < sockets.length; at += each) {
    for (const socket of sockets.slice(at, at + each)) endConnection(socket, "SHUTTING_DOWN", { retryAfterMs: 0 });
    await sleep(at + each < sockets.length ? STEP_MS : 0);
  }
}
