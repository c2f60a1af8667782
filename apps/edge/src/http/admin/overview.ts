import { unfinishedAsks, userAddress, type AskFacts, type Store } from "@docrelay/channel";
import type { Producer } from "@docrelay/jobs";
import type { Identity } from "../../auth/authenticator.ts";
import type { EdgeMetrics } from "../../report/metrics.ts";

export interface OverviewDeps {
  readonly store: Store;
  readonly node: string;
  readonly producer: Pick<Producer, "counts">;
  readonly metrics: Pick<EdgeMetrics, "refusals" | "figures">;
  isDraining(): boolean;
  isPaused(): boolean;
  /** Returns the identities of the connections of this edge. */
  identities(): readonly Identity[];
}

/** The state of a running deployment, for operators. Long lists are cut. */
export interface Overview {
  readonly node: string;
  readonly at: number;
  readonly draining: boolean;
  readonly paused: boolean;
  /** Numbers of this edge alone, such as that of its connections, under readable names. */
  readonly edge: Readonly<Record<string, number>>;
  /**
   * The unfinished asks of all users: `sum` is their number, `looked` how many of them were read, and `byStage` counts
   * those that were read.
   */
  readonly asks: {
    readonly sum: number;
    readonly looked: number;
    readonly byStage: Readonly<Record<AskFacts["state"], number>>;
    /** The oldest unfinished asks of each stage, by the time of their acceptance. */
    readonly slowest: readonly AskFacts[];
  };
  readonly extractions: Readonly<Record<string, number>>;
  /**
   * How many events, connections, plain frames and HTTP requests of clients this edge has refused since its start, by
   * what was refused (`event`) and code.
   */
  readonly refusals: ReadonlyArray<{ readonly event: string; readonly code: string; readonly count: number }>;
  /**
   * The users, sorted by their unfinished asks on all edges, then by their connections to this edge. `u`: the user's
   * hash; `user`: the name, which is known only while the user is connected to this edge.
   */
  readonly users: ReadonlyArray<{
    readonly user?: string;
    readonly u: string;
    readonly asks: number;
    readonly connections: number;
  }>;
  readonly tenants: ReadonlyArray<{ readonly tenant: string; readonly connections: number }>;
}

/** The most asks that are read for one overview, however many asks are unfinished. */
const MAX_ASKS = 2000;
const MAX_LISTED = 20;
const SLOWEST = 10;
/** An overview is kept this long, so that several operators' pages cause only one read. */
const FRESH_MS = 1000;

export function createOverview(deps: OverviewDeps): () => Promise<Overview> {
  let last: { at: number; view: Promise<Overview> } | undefined;
  return () => {
    if (!last || performance.now() - last.at > FRESH_MS) {
      const view = look(deps);
      last = { at: performance.now(), view };
      view.catch(() => (last = undefined));
    }
    return last.view;
  };
}

async function look(deps: OverviewDeps): Promise<Overview> {
  const [{ asks, sum, now }, extractions, refusals] = await Promise.all([
    unfinishedAsks(deps.store, MAX_ASKS),
    deps.producer.counts(),
    deps.metrics.refusals(),
  ]);
  const byStage = { queued: 0, parked: 0, running: 0 };
  for (const { state } of asks) byStage[state]++;
  const oldest = asks.toSorted((a, b) => a.acceptedAt - b.acceptedAt);
  const identities = deps.identities();
  return {
    node: deps.node,
    at: now,
    draining: deps.isDraining(),
    paused: deps.isPaused(),
    edge: deps.metrics.figures(),
    asks: {
      sum,
      looked: asks.length,
      byStage,
      slowest: (["running", "parked", "queued"] as const).flatMap((stage) =>
        oldest.filter(({ state }) => state === stage).slice(0, SLOWEST),
      ),
    },
    extractions,
    refusals: refusals.toSorted((a, b) => b.count - a.count).slice(0, MAX_LISTED),
    users: usersOf(asks, identities),
    tenants: countBy(identities.flatMap(({ tenant }) => tenant ?? []))
      .slice(0, MAX_LISTED)
      .map(([tenant, connections]) => ({ tenant, connections })),
  };
}

function usersOf(asks: readonly AskFacts[], identities: readonly Identity[]): Overview["users"] {
  const users = new Map<string, { user?: string; u: string; asks: number; connections: number }>();
  for (const [user, connections] of countBy(identities.map((identity) => identity.user))) {
    const { u } = userAddress(user);
    users.set(u, { user, u, asks: 0, connections });
  }
  for (const [u, count] of countBy(asks.map((ask) => ask.u))) {
    users.set(u, { ...(users.get(u) ?? { u, connections: 0 }), asks: count });
  }
  return [...users.values()].toSorted((a, b) => b.asks - a.asks || b.connections - a.connections).slice(0, MAX_LISTED);
}

function countBy(names: readonly string[]): Array<[string, number]> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a);
}
