import { shownOf } from "./digest.ts";
import type { EntryOf } from "../history.ts";
import { logName, type Facts, type Report } from "./violation.ts";

/** For how many ms after a fault a tab may find events in the log that were not delivered to it. */
const AFTERMATH_MS = 12_000;

/** Checks what tabs have shown: every event of the log, each once and in order, and no event of another user. */
export function checkTabs(facts: Facts, report: Report): void {
  const { of, logs } = facts;
  const asked = new Map(of("sent").map(({ ask, user, conversation }) => [ask, logName({ user, conversation })]));
  const digests = new Map(
    [...logs].map(([name, events]) => [name, new Map(events.map((event) => [event.seq, shownOf(event).digest]))]),
  );
  const seen = [...of("shown"), ...of("reset")].sort((a, b) => a.t - b.t);

  for (const [tab, all] of Map.groupBy(seen, (entry) => entry.tab)) {
    let last: EntryOf<"shown"> | undefined;
    const lastReset = all.findLastIndex(({ kind }) => kind === "reset");
    for (const [index, entry] of all.entries()) {
      if (entry.kind === "reset") {
        last = undefined;
        continue;
      }
      const owner = asked.get(entry.ask);
      if (owner !== undefined && owner !== logName(entry))
        report("CROSS-USER", tab, `showed ${entry.ask} of ${owner} at ${entry.seq}`);
      if (last && entry.seq <= last.seq) report("DUP-APPLIED", tab, `showed ${entry.seq} after ${last.seq}`);
      if (last && entry.seq > last.seq + 1) report("GAPS", tab, `showed ${entry.seq} after ${last.seq}`);
      if (!last && entry.seq !== 1) report("GAPS", tab, `began with ${entry.seq}`);
      const log = digests.get(logName(entry));
      // An event that the tab showed before its last reset may be gone from the log, so only later events are compared
      // with it.
      if (index > lastReset && log && log.get(entry.seq) !== entry.digest)
        report(
          "NOT-THE-LOG",
          tab,
          `showed at ${entry.seq} what the log does not have there (${entry.type} ${entry.ask})`,
        );
      last = entry;
    }
  }
  // A tab may be reset only once for each rollback of Redis: no other fault may lose events, because Redis syncs every
  // write before it replies.
  for (const [tab, resets] of Map.groupBy(of("reset"), (entry) => entry.tab)) {
    for (const [index, { t }] of resets.entries())
      if (of("rollback").filter(({ keptAt }) => keptAt < t).length <= index)
        report("NOT-THE-LOG", tab, `got a reset at ${t} ms: its log is gone`);
  }
  for (const { tab, seq, online, ...at } of of("stood")) {
    const head = logs.get(logName(at))?.at(-1)?.seq ?? 0;
    if (!online) report("GAPS", tab, "was not connected at the end, though nothing was broken any more");
    else if (seq !== head) report("GAPS", tab, `stands at ${seq} of ${head}`);
  }
  for (const { tab, t, found } of of("silence")) {
    // `at` is the end of some faults and the beginning of others, so the whole time from `at - forMs` to `at + forMs`
    // counts as disturbed.
    const disturbed = of("fault").some(({ t: at, forMs }) => t > at - forMs - 1000 && t < at + forMs + AFTERMATH_MS);
    if (found > 0 && !disturbed) report("UNTOLD", tab, `found ${found} events at ${t} ms that no edge had sent to it`);
  }
}
