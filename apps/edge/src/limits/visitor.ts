import { refuse } from "@docrelay/protocol";
import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import { toFailure } from "../report/failure.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { Authenticator, Identity } from "../auth/authenticator.ts";
import { clientNetwork } from "../auth/client-address.ts";

export interface VisitorDeps {
  readonly authenticator: Authenticator;
  /** Limits how many anonymous users one network may create on this edge; undefined: not limited. */
  readonly sessionRate: RateLimiter | undefined;
  readonly trustedProxies: BlockList;
}

/**
 * Creates an anonymous user for a connection or request without a token. No client gets a token of this user, so the
 * user lasts only as long as the connection. @throws Refusal `RATE_LIMITED`; `AUTH_REQUIRED` if this server issues no
 * anonymous sessions
 */
export async function newVisitor(deps: VisitorDeps, request: IncomingMessage): Promise<Identity> {
  const network = clientNetwork(request, deps.trustedProxies);
  const waitMs = deps.sessionRate?.take(network, performance.now()) ?? 0;
  if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
  try {
    const { user } = await deps.authenticator.issue();
    return { user, expiresAt: Number.POSITIVE_INFINITY };
  } catch (error) {
    throw toFailure(error).wire.code === "FORBIDDEN" ? refuse("AUTH_REQUIRED") : error;
  }
}
