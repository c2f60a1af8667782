import { isTerminal, type Event } from "@docrelay/protocol";
import { logName, type Facts, type Report } from "./violation.ts";

/** How many ms after its deadline an ask may end; the time for which Redis was away is added to this. */
const GRACE_MS = 10_000;

/**
 * How many engine calls an ask may have at most in addition to its attempts. A call does not count as an attempt if the
 * worker lost it without a crash: because the worker stood still, was cut off from Redis, or handed the ask back. A
 * clock that jumps costs no call.
 */
const MAX_SPARED = 7;
const isSparing = ({ fault, target }: { fault: string; target: string }): boolean =>
  target.startsWith("worker") && !/^(kill|jump)/.test(fault) && !fault.endsWith("outer");

/**
 * Checks every ask and upload. An acknowledged ask must have exactly one terminal event, with the text of one call.
 * Nothing of a refused ask may be stored. Bytes of an upload that an edge has acknowledged must not be lost.
 */
export function checkAsks(facts: Facts, report: Report): void {
  const { of, logs, meta } = facts;
  const byAsk = new Map<string, Event[]>();
  for (const events of logs.values()) {
    for (const event of events) byAsk.set(event.ask, [...(byAsk.get(event.ask) ?? []), event]);
  }
  const calls = Map.groupBy(of("call"), ({ ask }) => ask);
  const answered = new Set(of("answered").map(({ ask, call }) => `${ask}#${call}`));
  const markers = new Map(of("sent").flatMap(({ ask, marker }) => (marker ? [[ask, marker]] : [])));
  const redisAway = of("fault")
    .filter(({ target }) => target === "redis")
    .reduce((sum, { forMs }) => sum + forMs, 0);

  const spared = Math.min(MAX_SPARED, of("fault").filter(isSparing).length);

  // Whether something that was acknowledged at the time `t` must be kept. Redis may have lost what came after its
  // append-only file was copied and before the copy was restored.
  const isKept = ({ t }: { t: number }): boolean => of("rollback").every((one) => t < one.keptAt || t > one.t);
  const lasting = of("acked").filter(isKept);

  for (const [ask, all] of Map.groupBy(lasting, (entry) => entry.ask)) {
    const first = all[0];
    const events = byAsk.get(ask) ?? [];
    const who = first ? `${logName(first)} ${ask}` : ask;
    const ends = events.filter(isTerminal);
    if (ends.length === 0) report("LOST", who, `was acknowledged at ${all[0]?.t} ms and has no end`);
    const accepted = events.find(({ type }) => type === "accepted");
    if (new Set(all.map(({ seq }) => seq)).size > 1 || (accepted && all.some(({ seq }) => seq !== accepted.seq)))
      report("NOT-THE-LOG", who, `was acknowledged at places ${all.map(({ seq }) => seq).join(", ")}`);
    const end = ends[0];
    if (accepted && end && end.at - accepted.at > meta.deadlineMs + GRACE_MS + redisAway)
      report("LATE", who, `ended after ${end.at - accepted.at} ms`);
  }
  for (const [ask, events] of byAsk) {
    const ends = events.filter(isTerminal);
    if (ends.length > 1) report("TWO-ENDS", ask, ends.map(({ seq, type }) => `${type} at ${seq}`).join(", "));
    const its = calls.get(ask) ?? [];
    for (const end of ends) {
      if (end.type !== "completed") continue;
      const call = its.find(({ text }) => text === end.text);
      if (!call) report("WRONG-TEXT", ask, `${JSON.stringify(end.text.slice(0, 80))} is no call's answer`);
      else if (!answered.has(`${ask}#${call.call}`)) report("WRONG-TEXT", ask, `call ${call.call} was not finished`);
      if (call && markers.has(ask) && !call.sawFile) report("WRONG-TEXT", ask, "its file was not in the prompt");
    }
  }
  for (const [ask, its] of calls) {
    const counted = its.filter(isKept).length;
    if (counted > meta.attempts + spared) report("CALLS", ask, `${counted} calls of the engine`);
  }
  for (const [upload, all] of Map.groupBy(of("stored").filter(isKept), (entry) => entry.upload)) {
    all.reduce((before, { offset, t }) => {
      if (offset < before) report("LOST", upload, `had ${before} bytes, and at ${t} ms ${offset}`);
      return offset;
    }, 0);
  }
  for (const { ask, code, clean } of of("refused")) {
    const events = byAsk.get(ask);
    if (clean && events) report("REFUSED-STORED", ask, `was refused with ${code} and has ${events.length} events`);
    if (clean && calls.has(ask)) report("REFUSED-STORED", ask, `was refused with ${code} and the engine was called`);
  }
}
