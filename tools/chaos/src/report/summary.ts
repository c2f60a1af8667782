import type { Options } from "../options.ts";
import type { Spread, Verdict } from "../check/checker.ts";
import type { Fault } from "../check/violation.ts";

const NAMED: readonly Fault[] = ["LOST", "TWO-ENDS", "DUP-APPLIED", "GAPS", "CROSS-USER"];
/**
 * The times that docrelay promises, in ms. `test/processes.e2e.test.ts` and `test/redis.e2e.test.ts` allow twice these
 * times.
 */
export const PROMISED = { takeover: 1200, handOver: 200, catchUp: 250, gap: 300, storeAway: 1000 } as const;
const SHOWN_VIOLATIONS = 20;

/**
 * Returns a line for each count that is below its floor, such as "only 3 kills of edges of 5": such a run proves too
 * little.
 */
export function shortfalls({ acked, faults }: Verdict, { floor }: Options): string[] {
  const wanted: Array<[string, number, number]> = [
    ["asks acknowledged", acked, floor.acked],
    ["kills of edges", faults["kill edge"] ?? 0, floor.edgeKills],
    ["kills of workers", faults["kill worker"] ?? 0, floor.workerKills],
    ["kills of Redis", faults["kill redis"] ?? 0, floor.redisKills],
  ];
  return wanted.flatMap(([what, got, least]) => (got < least ? [`only ${got} ${what} of ${least}`] : []));
}

/** Returns the numbers of a run, as lines to print. */
export function summarize(verdict: Verdict, options: Options): string[] {
  const { violations, acked, completed, failed, cancelled, refused, engineCalls, fenced } = verdict;
  const count = (fault: Fault): number => violations.filter((violation) => violation.fault === fault).length;
  const others = [...Map.groupBy(violations, ({ fault }) => fault)].filter(([fault]) => !NAMED.includes(fault));
  const short = shortfalls(verdict, options);
  const ok = verdict.pass && short.length === 0;
  return [
    `seed ${options.seed}`,
    `asks      acked ${acked} / completed ${completed} / failed ${failed} / cancelled ${cancelled} / refused ${refused}`,
    `          ${NAMED.map((fault) => `${fault} ${count(fault)}`).join(" / ")}${others
      .map(([fault, all]) => ` / ${fault} ${all.length}`)
      .join("")}`,
    `engine    ${engineCalls} calls / stale appends refused ${fenced}`,
    `times     recovery ${show(verdict.recovery)} / after the reconnect ${show(verdict.catchUp)} / ack ${show(verdict.ack)}`,
    `promised  after the reconnect, edges having ended and no more: p99 ${PROMISED.catchUp} ms; measured ${show(verdict.calmCatchUp)}`,
    `broken    ${Object.entries(verdict.faults)
      .map(([fault, times]) => `${fault} ${times}`)
      .join(", ")}`,
    ...violations.slice(0, SHOWN_VIOLATIONS).map(({ fault, who, what }) => `  ${fault} ${who}: ${what}`),
    ...(violations.length > SHOWN_VIOLATIONS ? [`  … and ${violations.length - SHOWN_VIOLATIONS} more`] : []),
    ...short.map((line) => `  the run proves too little: ${line}`),
    ok ? "PASS" : "FAIL",
  ];
}

function show({ p50, p99, count }: Spread): string {
  return `p50 ${p50} ms p99 ${p99} ms (${count})`;
}
