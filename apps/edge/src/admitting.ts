import type { IncomingMessage } from "node:http";
import { clientNetwork, countedNetworkOf } from "./auth/client-address.ts";
import type { Origins } from "./auth/origin.ts";
import type { Config } from "./config.ts";
import { createAdmit, type Admit, type GroupRule } from "./limits/admission.ts";
import { createRateLimiter, type RateLimiter } from "./limits/rate-limit.ts";
import type { Resources } from "./resources.ts";

/** The parts that decide which clients an edge serves; both WebSocket endpoints and the HTTP API share them. */
export interface Admitting {
  readonly admit: Admit;
  readonly isDraining: () => boolean;
  /**
   * Limits how often one network may begin an anonymous session on this edge; undefined if `SESSIONS_PER_MINUTE` is 0
   * or `AUTH_MODE` is not `anonymous`.
   */
  readonly sessionRate: RateLimiter | undefined;
  readonly origins: Origins;
  /** Returns the network of a request's client; undefined if `USERS_PER_ADDRESS` is 0. */
  readonly networkOf: (request: IncomingMessage) => string | undefined;
}

export function createAdmitting(config: Config, resources: Resources, isDraining: () => boolean): Admitting {
  const perMinute = config.SESSIONS_PER_MINUTE;
  // Only in the mode `anonymous` does an edge issue anonymous sessions. In other modes no rate applies, so a request
  // without a token is always refused with `AUTH_REQUIRED`, never with `RATE_LIMITED`.
  const issues = config.AUTH_MODE === "anonymous";
  return {
    admit: createAdmit({
      connections: resources.connections,
      connectRate: createRateLimiter({ perSecond: config.CONNECTS_PER_SECOND, burst: config.CONNECTS_BURST }),
      maxConnections: config.MAX_CONNECTIONS,
      groups: groupsOf(config, resources),
      isDraining,
      isRevoked: resources.revocations.isRevoked,
    }),
    isDraining,
    sessionRate:
      issues && perMinute > 0 ? createRateLimiter({ perSecond: perMinute / 60, burst: perMinute }) : undefined,
    origins: { listed: config.CORS_ALLOWED_ORIGINS, onlyLocal: config.ONLY_LOCAL },
    networkOf: countedNetworkOf(config),
  };
}

/**
 * Returns the rules for the tenant of a connection's user and for its client's network. A connection counts against the
 * limits of both. If the token names no tenant, only the network counts.
 */
function groupsOf(config: Config, { byNetwork, byTenant }: Resources): GroupRule[] {
  const rateOf = (users: number): RateLimiter =>
    createRateLimiter({ perSecond: config.CONNECTS_PER_SECOND * users, burst: config.CONNECTS_BURST * users });
  const { connections, tenants } = byTenant;
  return [
    {
      kind: "tenant",
      members: tenants,
      limits: connections && { connections, connectRate: rateOf(config.USERS_PER_TENANT) },
      nameOf: ({ tenant }) => tenant,
    },
    {
      kind: "network",
      members: byNetwork.networks,
      limits: byNetwork.connections && {
        connections: byNetwork.connections,
        connectRate: rateOf(config.USERS_PER_ADDRESS),
      },
      nameOf: (_identity, request) => clientNetwork(request, config.TRUSTED_PROXIES),
    },
  ];
}
