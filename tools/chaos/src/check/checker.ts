import type { Event } from "@docrelay/protocol";
import { checkAsks } from "./check-asks.ts";
import { checkLog } from "./check-log.ts";
import { checkTabs } from "./check-tabs.ts";
import type { Entry, EntryOf } from "../history.ts";
import { logName, type Facts, type Report, type Violation } from "./violation.ts";

export interface Verdict {
  readonly acked: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly refused: number;
  readonly engineCalls: number;
  /** How many late writes were refused because their attempt was stale. */
  readonly fenced: number;
  /** The times from the loss of a tab's connection until the tab has caught up, in ms. */
  readonly recovery: Spread;
  /** The times from a tab's new connection after a loss until the tab has caught up, in ms. */
  readonly catchUp: Spread;
  /**
   * The times of `catchUp` in which no edge's connections and no Redis were disturbed (see `isCalm`). The promise
   * `PROMISED.catchUp` applies only to these.
   */
  readonly calmCatchUp: Spread;
  /** The times from sending an ask to its acknowledgement, in ms. */
  readonly ack: Spread;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  readonly pass: boolean;
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/**
 * Checks a run by its history alone. This is a pure function, so that it can be tested with histories that have a fault
 * of every kind.
 */
export function check(entries: readonly Entry[]): Verdict {
  const byKind = Map.groupBy(entries, ({ kind }) => kind);
  const of = <K extends Entry["kind"]>(kind: K): ReadonlyArray<EntryOf<K>> =>
    (byKind.get(kind) ?? []) as Array<EntryOf<K>>;
  const meta = of("meta")[0];
  if (!meta) throw new Error("the history does not say what it is of");
  const logs = new Map(of("replayed").map((entry) => [logName(entry), entry.events]));
  const facts: Facts = { meta, of, logs };

  const violations: Violation[] = [];
  const report: Report = (fault, who, what) => void violations.push({ fault, who, what });
  for (const [name, events] of logs) checkLog(name, events, report);
  checkAsks(facts, report);
  checkTabs(facts, report);
  for (const { process, how, lines } of of("died")) report("DIED", process, `${how}: ${lines.join(" | ")}`);
  for (const { point } of of("missed")) report("UNTRIED", point, "was not crossed");
  for (const { key } of of("leftover")) report("LEAK", key, "was left behind");
  for (const [process, all] of Map.groupBy(of("memory"), (entry) => entry.process)) {
    const most = all.reduce((a, b) => (a.bytes > b.bytes ? a : b));
    if (most.bytes > most.limit) report("LEAK", process, `took ${Math.round(most.bytes / 1e6)} MB of memory`);
  }

  const ends = [...logs.values()].flat();
  const count = (type: Event["type"]): number => ends.filter((event) => event.type === type).length;
  const recovered = of("recovered");
  return {
    acked: new Set(of("acked").map(({ ask }) => ask)).size,
    completed: count("completed"),
    failed: count("failed"),
    cancelled: count("cancelled"),
    refused: of("refused").length,
    engineCalls: of("call").length,
    fenced: of("fenced").length,
    recovery: spread(recovered.map(({ lostMs }) => lostMs)),
    catchUp: spread(recovered.map(({ catchUpMs }) => catchUpMs)),
    calmCatchUp: spread(recovered.filter((one) => isCalm(one, of("fault"))).map(({ catchUpMs }) => catchUpMs)),
    ack: spread(of("acked").map(({ ms }) => ms)),
    faults: Object.fromEntries(
      [...Map.groupBy(of("fault"), ({ fault }) => fault)].map(([fault, all]) => [fault, all.length]),
    ),
    violations,
    pass: violations.length === 0,
  };
}

/**
 * Matches faults that only end a process. Other faults, of an edge's connections or of Redis, may delay a client that
 * catches up.
 */
const ENDS = /^(?:kill|stop) (?:edge|worker)$|^failpoint |^slow start$/;
const AFTER_MS = 1000;

/**
 * Whether nothing disturbed the tab while it caught up, and in the second before its new connection: no broken
 * connection, no frozen edge, no unavailable Redis. Ended processes and faults of workers do not count as disturbances.
 */
function isCalm({ t, catchUpMs }: EntryOf<"recovered">, faults: ReadonlyArray<EntryOf<"fault">>): boolean {
  // `at` is the beginning of some faults and the end of others. So the time from `at - forMs` to a second (`AFTER_MS`)
  // after `at + forMs` must not overlap with the time of catching up.
  return faults.every(
    ({ fault, target, t: at, forMs }) =>
      ENDS.test(fault) || target.startsWith("worker") || at - forMs > t || at + forMs + AFTER_MS < t - catchUpMs,
  );
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), most: Math.round(sorted.at(-1) ?? 0) };
}
