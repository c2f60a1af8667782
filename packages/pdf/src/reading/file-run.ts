import { isPage, type PageReport, type Report } from "../child/messages.ts";
import type { Interruption } from "../children/run-job.ts";
import type { EngineName } from "../engines/page-engine.ts";
import type { ExtractLimits } from "../port/extract.ts";
import {
  lacks,
  nextChildTime,
  nextPageTime,
  overdue,
  startTime,
  type FileTime,
  type Moment,
  type Overdue,
} from "./file-time.ts";
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

/** One file on its way through children and engines. Decides; it does no I/O, and takes the time as an argument: of the clock, and of the processor by the child at hand. */
export interface FileRun {
  /** The reading of the engine at hand. */
  readonly reading: Reading;
  /** The first page that the next child is to read. */
  readonly nextPage: number;
  /** Whether there is time for a child that is now at hand. If not, the reading has ended with what it lacks. */
  beginChild(engine: EngineName, wall: number): boolean;
  /** What the child at hand has used up, if anything. */
  overdue(at: Moment): Overdue | undefined;
  /** Takes a report of the child at hand. */
  report(report: Report | Interruption, fromEnd: ReadFromEnd, at: Moment): Action[];
  /** Whether another engine is to begin. */
  needsAnotherEngine(wall: number): boolean;
  /** What the engines read together. */
  result(): Reading;
}

export function createFileRun(first: EngineName, limits: ExtractLimits): FileRun {
  let time: FileTime | undefined;
  /** Of the children before the one at hand, and of that one. */
  let cpu = { before: 0, child: 0 };
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

  /** The moment in the file's own time: the processor time of all its children. */
  function momentOf({ wall, cpu: child }: Moment): Moment {
    cpu = { ...cpu, child };
    return { wall, cpu: cpu.before + child };
  }

  return {
    get reading() {
      return reading;
    },
    get nextPage() {
      return begin;
    },
    beginChild(engine, wall) {
      const at = { wall, cpu: cpu.before + cpu.child };
      const lacking = time && lacks(time, limits, at);
      if (lacking) {
        reading.end = lacking;
        return false;
      }
      cpu = { before: at.cpu, child: 0 };
      time = time ? nextChildTime(time, limits, at) : startTime(limits, at);
      if (engine !== reading.engine) {
        earlier = reading;
        reading = beginReading(engine);
      }
      reading.end = undefined;
      begin = lastPageOf(reading) + 1;
      return true;
    },
    overdue: (at) => time && overdue(time, momentOf(at)),
    report(report, fromEnd, childAt) {
      const at = momentOf(childAt);
      const actions: Action[] = [];
      if (isPage(report)) {
        if (time) time = nextPageTime(time, limits, { at, lost: report.type === "lost" });
        actions.push(...addPage(report, fromEnd));
      } else {
        const known = typeof report !== "string" && report.type === "done";
        if (known) for (const page of fromEnd.pagesAfter(lastPageOf(reading))) actions.push(...add(page, fromEnd));
        add(report, fromEnd);
      }
      if (reading.end) actions.push({ type: "leave" });
      return actions;
    },
    needsAnotherEngine: (wall) =>
      worthAnotherEngine(reading) &&
      time !== undefined &&
      lacks(time, limits, { wall, cpu: cpu.before + cpu.child }) === undefined,
    result: () => (earlier ? combine(earlier, reading, limits) : reading),
  };
}
