import { refuse } from "@docrelay/protocol";
import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import type { Identity } from "../auth/authenticator.ts";
import { REVOKED } from "../auth/revocations.ts";
import { clientNetwork } from "../auth/client-address.ts";
import type { Connections } from "./connections.ts";
import type { Networks } from "./networks.ts";
import type { RateLimiter } from "./rate-limit.ts";

export interface AdmissionDeps {
  /** Counts the connections of this edge of either kind, and those of a user on all edges. */
  readonly connections: Connections;
  /** New connections by user, on this edge. */
  readonly connectRate: RateLimiter;
  readonly maxConnections: number;
  /** Undefined: networks are not counted. */
  readonly byNetwork?: NetworkRule | undefined;
  readonly isDraining: () => boolean;
  /** Whether a token was revoked after it was verified. */
  readonly isRevoked: (identity: Identity) => boolean;
}

/** Counts the connections of a network, on all edges, and new ones on this edge. */
export interface NetworkRule {
  readonly networks: Networks;
  readonly connections: Connections;
  readonly connectRate: RateLimiter;
  readonly trustedProxies: BlockList;
}

export interface Admitted {
  readonly identity: Identity;
  /** Releases the connection's place; idempotent. Call it when the connection has closed. */
  release(): void;
}

/**
 * Decides whether a connection is let in, by the same rules for Socket.IO and plain sockets. `identify` returns the
 * user; it is not called while the edge drains. @throws Refusal `SHUTTING_DOWN`, `RATE_LIMITED`,
 * `TOO_MANY_CONNECTIONS`; errors of `identify`.
 */
export type Admit = (identify: () => Promise<Identity>, request: IncomingMessage) => Promise<Admitted>;

const RETRY_MS = 5000;

export function createAdmit(deps: AdmissionDeps): Admit {
  const { connections, connectRate, maxConnections, byNetwork, isDraining, isRevoked } = deps;
  const refuseWhenDraining = (): void => {
    if (isDraining()) throw refuse("SHUTTING_DOWN", { retryAfterMs: 0 });
  };
  const wait = (rate: RateLimiter, name: string): void => {
    const waitMs = rate.take(name, Date.now());
    if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
  };

  /** Counts a connection for its network; the returned function releases its place. */
  async function enter(user: string, request: IncomingMessage): Promise<() => void> {
    if (!byNetwork) return () => undefined;
    const network = clientNetwork(request, byNetwork.trustedProxies);
    wait(byNetwork.connectRate, network);
    const release = await byNetwork.connections.take(`network ${network}`);
    const leave = byNetwork.networks.join(user, network);
    return () => {
      leave();
      release();
    };
  }

  return async function admit(identify, request) {
    refuseWhenDraining();
    const identity = await identify();
    wait(connectRate, identity.user);
    if (connections.count >= maxConnections) throw refuse("TOO_MANY_CONNECTIONS", { retryAfterMs: RETRY_MS });
    const leave = await enter(identity.user, request);
    const place = await connections.take(identity.user).catch((error: unknown) => {
      leave();
      throw error;
    });
    const release = (): void => {
      leave();
      place();
    };
    try {
      // Either may have come during the wait for Redis; from here on the connection is among those that are ended.
      refuseWhenDraining();
      if (isRevoked(identity)) throw refuse("AUTH_INVALID", { message: REVOKED });
    } catch (error) {
      release();
      throw error;
    }
    return { identity, release };
  };
}
