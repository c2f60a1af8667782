import { refuse } from "@docrelay/protocol";
import type { IncomingMessage } from "node:http";
import type { Identity } from "../auth/authenticator.ts";
import { REVOKED } from "../auth/revocations.ts";
import type { Connections } from "./connections.ts";
import type { Networks } from "./networks.ts";
import type { RateLimiter } from "./rate-limit.ts";

export interface AdmissionDeps {
  /**
   * Counts the connections of this edge (Socket.IO, plain sockets and HTTP), and the connections of each user on all
   * edges.
   */
  readonly connections: Connections;
  /** Limits how often one user may connect to this edge. */
  readonly connectRate: RateLimiter;
  readonly maxConnections: number;
  /** The rules that limit the connections of each tenant and of each network. */
  readonly groups: readonly GroupRule[];
  readonly isDraining: () => boolean;
  /** Whether the user or the token was revoked. */
  readonly isRevoked: (identity: Identity) => boolean;
}

/** Counts the connections of a network or a tenant on all edges, and limits new ones on this edge. */
export interface GroupRule {
  readonly kind: "network" | "tenant";
  readonly members: Pick<Networks, "join">;
  /**
   * The count and the rate limit of one group's connections; undefined if groups of this kind have no limits
   * (`USERS_PER_ADDRESS` or `USERS_PER_TENANT` is 0).
   */
  readonly limits: { readonly connections: Connections; readonly connectRate: RateLimiter } | undefined;
  /** Returns the name of the client's network or tenant; undefined if the client has none. */
  nameOf(identity: Identity, request: IncomingMessage): string | undefined;
}

export interface Admitted {
  readonly identity: Identity;
  /** Ends the counting of this connection. Must be called when the connection has closed; idempotent. */
  release(): void;
}

/**
 * Decides whether a connection is let in; the rules are the same for Socket.IO, plain sockets and HTTP. `identify`
 * returns the user, and is not called while the edge drains. @throws Refusal `SHUTTING_DOWN`, `RATE_LIMITED`,
 * `TOO_MANY_CONNECTIONS`; errors of `identify`.
 */
export type Admit = (identify: () => Promise<Identity>, request: IncomingMessage) => Promise<Admitted>;

const RETRY_MS = 5000;

export function createAdmit(deps: AdmissionDeps): Admit {
  const { connections, connectRate, maxConnections, groups, isDraining, isRevoked } = deps;
  const refuseWhenDraining = (): void => {
    if (isDraining()) throw refuse("SHUTTING_DOWN", { retryAfterMs: 0 });
  };
  const wait = (rate: RateLimiter, name: string): void => {
    const waitMs = rate.take(name, performance.now());
    if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
  };

  /** Counts a connection for the tenant and the network of its user; the returned function ends the counting. */
  async function enter(identity: Identity, request: IncomingMessage): Promise<() => void> {
    const left: Array<() => void> = [];
    const leave = (): void => left.splice(0).forEach((one) => one());
    try {
      for (const { kind, members, limits, nameOf } of groups) {
        const name = nameOf(identity, request);
        if (name !== undefined && limits) {
          wait(limits.connectRate, name);
          left.push(await limits.connections.take(`${kind} ${name}`));
        }
        left.push(members.join(identity.user, name));
      }
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  return async function admit(identify, request) {
    refuseWhenDraining();
    const identity = await identify();
    wait(connectRate, identity.user);
    if (connections.count >= maxConnections) throw refuse("TOO_MANY_CONNECTIONS", { retryAfterMs: RETRY_MS });
    const leave = await enter(identity, request);
    const place = await connections.take(identity.user).catch((error: unknown) => {
      leave();
      throw error;
    });
    const release = (): void => {
      leave();
      place();
    };
    try {
      // A drain or a revocation may have come while this function waited for Redis. A drain or revocation that comes
      // later ends this connection as it ends all others.
      refuseWhenDraining();
      if (isRevoked(identity)) throw refuse("AUTH_INVALID", { message: REVOKED });
    } catch (error) {
      release();
      throw error;
    }
    return { identity, release };
  };
}
