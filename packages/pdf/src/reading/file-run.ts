import { isPage, type PageReport, type Report } from "../child/messages.ts";
import type { Interruption } from "../children/run-job.ts";
import type { EngineName } from "../engines/page-engine.ts";
import type { ExtractLimits } from "../port/extract.ts";
import { hasTimeLeft, isLate, nextChild, nextPage, startClock, type FileClock } from "./file-clock.ts";
import { addReport, beginReading, combine, lastPageOf, worthAnotherEngine, type Reading } from "./reading.ts";

/** What a backward reader has so far. */
export interface ReadFromEnd {
  readonly firstPage: number;
  readonly count: number;
  pagesAfter(page: number): PageReport[];
}

/** What is to be done after a report, in this order. */
export type Action =
  /** Progress: so many pages of so many. It never decreases, even when a second engine starts from page 1. */
  | { readonly type: "progress"; readonly page: number; readonly pages: number }
  /** Another child is worth while to read this many pages backwards. */
  | { readonly type: "read-backwards"; readonly pages: number }
  /** The child is to end after the page at hand: the rest is known. */
  | { readonly type: "stop" }
  /** The child's run is over, whatever it still reports. */
  | { readonly type: "leave" };

/** After so many pages a second child may begin, and so many must then be left to be worth it. */
const ALONE_PAGES = 3;
const MIN_BACKWARD_PAGES = 8;

/** One file on its way through children and engines. Decides; it does no I/O, and takes the time as an argument. */
export interface FileRun {
  /** The reading of the engine at hand. */
  readonly reading: Reading;
  /** The first page that the next child is to read. */
  readonly nextPage: number;
  /** Whether there is time for a child that is now at hand. If not, the reading has ended with `time`. */
  beginChild(engine: EngineName, now: number): boolean;
  /** The child at hand is late. */
  isLate(now: number): boolean;
  /** Takes a report of the child at hand. */
  report(report: Report | Interruption, fromEnd: ReadFromEnd, now: number): Action[];
  /** Whether another engine is to begin. */
  needsAnotherEngine(now: number): boolean;
  /** What the engines read together. */
  result(): Reading;
}

export function createFileRun(first: EngineName, limits: ExtractLimits): FileRun {
  let clock: FileClock | undefined;
  let earlier: Reading | undefined;
  let reading = beginReading(first);
  let begin = 1;
  let progress = 0;

  function add(report: Report | Interruption, fromEnd: ReadFromEnd): Action[] {
    addReport(reading, report, limits);
    const { total } = reading;
    if (!isPage(report) || total === undefined) return [];
    const page = Math.min(report.page + fromEnd.count, total);
    if (page <= progress) return [];
    progress = page;
    return [{ type: "progress", page, pages: total }];
  }

  function addPage(report: PageReport, fromEnd: ReadFromEnd): Action[] {
    const { page } = report;
    const actions = page < fromEnd.firstPage ? add(report, fromEnd) : [];
    const left = (reading.total ?? 0) - page;
    // Free children have loaded the first engine.
    if (reading.engine === first && page === begin + ALONE_PAGES - 1 && left >= MIN_BACKWARD_PAGES)
      actions.push({ type: "read-backwards", pages: page + left });
    if (page + 1 >= fromEnd.firstPage) actions.push({ type: "stop" });
    return actions;
  }

  return {
    get reading() {
      return reading;
    },
    get nextPage() {
      return begin;
    },
    beginChild(engine, now) {
      if (clock && !hasTimeLeft(clock, limits, now)) {
        reading.end = "time";
        return false;
      }
      clock = clock ? nextChild(clock, limits, now) : startClock(limits, now);
      if (engine !== reading.engine) {
        earlier = reading;
        reading = beginReading(engine);
      }
      reading.end = undefined;
      begin = lastPageOf(reading) + 1;
      return true;
    },
    isLate: (now) => clock !== undefined && isLate(clock, now),
    report(report, fromEnd, now) {
      const actions: Action[] = [];
      if (isPage(report)) {
        if (clock) clock = nextPage(clock, limits, { now, lost: report.type === "lost" });
        actions.push(...addPage(report, fromEnd));
      } else {
        const known = typeof report !== "string" && report.type === "done";
        if (known) for (const page of fromEnd.pagesAfter(lastPageOf(reading))) actions.push(...add(page, fromEnd));
        add(report, fromEnd);
      }
      if (reading.end) actions.push({ type: "leave" });
      return actions;
    },
    needsAnotherEngine: (now) => worthAnotherEngine(reading) && clock !== undefined && hasTimeLeft(clock, limits, now),
    result: () => (earlier ? combine(earlier, reading, limits) : reading),
  };
}
