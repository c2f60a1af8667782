import { refuse } from "@docrelay/protocol";
import type { Identity } from "../auth/authenticator.ts";
import type { Connections } from "./connections.ts";
import type { RateLimiter } from "./rate-limit.ts";

export interface AdmissionDeps {
  /** Counts the connections of this edge of either kind, and those of a user on all edges. */
  readonly connections: Connections;
  /** New connections by user, on this edge. */
  readonly connectRate: RateLimiter;
  readonly maxConnections: number;
  readonly isDraining: () => boolean;
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
export type Admit = (identify: () => Promise<Identity>) => Promise<Admitted>;

const RETRY_MS = 5000;

export function createAdmit({ connections, connectRate, maxConnections, isDraining }: AdmissionDeps): Admit {
  const refuseWhenDraining = (): void => {
    if (isDraining()) throw refuse("SHUTTING_DOWN", { retryAfterMs: 0 });
  };
  return async function admit(identify) {
    refuseWhenDraining();
    const identity = await identify();
    const waitMs = connectRate.take(identity.user, Date.now());
    if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
    if (connections.count >= maxConnections) throw refuse("TOO_MANY_CONNECTIONS", { retryAfterMs: RETRY_MS });
    const release = await connections.take(identity.user);
    try {
      refuseWhenDraining(); // the drain may have begun during the wait for Redis
    } catch (error) {
      release();
      throw error;
    }
    return { identity, release };
  };
}
