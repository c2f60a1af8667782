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
  const resets = new Set(of("reset").map(({ tab }) => tab));

  for (const [tab, all] of Map.groupBy(of("shown"), (entry) => entry.tab)) {
    let last: EntryOf<"shown"> | undefined;
    for (const entry of all) {
      const owner = asked.get(entry.ask);
      if (owner !== undefined && owner !== logName(entry))
        report("CROSS-USER", tab, `showed ${entry.ask} of ${owner} at ${entry.seq}`);
      if (last && entry.seq <= last.seq && !resets.has(tab))
        report("DUP-APPLIED", tab, `showed ${entry.seq} after ${last.seq}`);
      if (last && entry.seq > last.seq + 1) report("GAPS", tab, `showed ${entry.seq} after ${last.seq}`);
      if (!last && entry.seq !== 1) report("GAPS", tab, `began with ${entry.seq}`);
      const log = digests.get(logName(entry));
      if (log && log.get(entry.seq) !== entry.digest)
        report(
          "NOT-THE-LOG",
          tab,
          `showed at ${entry.seq} what the log does not have there (${entry.type} ${entry.ask})`,
        );
      last = entry;
    }
  }
  // Redis syncs every write before it replies, so no fault of a run may make Redis lose events.
  for (const { tab, t } of of("reset")) report("NOT-THE-LOG", tab, `got a reset at ${t} ms: its log is gone`);
  for (const { tab, seq, online, ...at } of of("stood")) {
    const head = logs.get(logName(at))?.at(-1)?.seq ?? 0;
    if (!online) report("GAPS", tab, "was not connected at the end, though nothing was broken any more");
    else if (seq !== head) report("GAPS", tab, `stands at ${seq} of ${head}`);
  }
  for (const { tab, t, found } of of("silence")) {
    // Some faults are recorded when they begin, others when they are over.
    const disturbed = of("fault").some(({ t: at, forMs }) => t > at - forMs - 1000 && t < at + forMs + AFTERMATH_MS);
    if (found > 0 && !disturbed) report("UNTOLD", tab, `found ${found} events at ${t} ms that no edge had sent to it`);
  }
}
