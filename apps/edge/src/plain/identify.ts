import { refuse } from "@docrelay/protocol";
import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import type { Authenticator, Identity } from "../auth/authenticator.ts";
import { clientAddress } from "../auth/client-address.ts";
import type { RateLimiter } from "../limits/rate-limit.ts";
import { toFailure } from "../report/failure.ts";

export interface IdentifyDeps {
  readonly authenticator: Authenticator;
  /** New users by address, on this edge; undefined: not limited. */
  readonly sessionRate: RateLimiter | undefined;
  readonly trustedProxies: BlockList;
}

const BEARER = "bearer.";

/**
 * The user of an upgrade request: that of the token in its subprotocols, else a new anonymous user for this connection
 * only. @throws Refusal `AUTH_*`, `RATE_LIMITED`
 */
export async function identifyUpgrade(deps: IdentifyDeps, request: IncomingMessage): Promise<Identity> {
  const token = tokenOf(request);
  if (token !== undefined) return deps.authenticator.verify(token);
  const { socket, headers } = request;
  const address = clientAddress(socket.remoteAddress, headers["x-forwarded-for"], deps.trustedProxies);
  const waitMs = deps.sessionRate?.take(address, Date.now()) ?? 0;
  if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
  try {
    const { user } = await deps.authenticator.issue();
    // The token of this user is not sent to the client, which could not renew it: the session lasts as long as the
    // connection.
    return { user, expiresAt: Number.POSITIVE_INFINITY };
  } catch (error) {
    throw toFailure(error).wire.code === "FORBIDDEN" ? refuse("AUTH_REQUIRED") : error;
  }
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
  return offered.find((protocol) => protocol.startsWith(BEARER))?.slice(BEARER.length);
}
