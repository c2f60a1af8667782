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

/** What a backward reader (a second child that reads from the last page on) has read so far. */
export interface ReadFromEnd {
  readonly firstPage: number;
  readonly count: number;
  pagesAfter(page: number): PageReport[];
}

/** What the caller has to do after a report. If there are several actions, their order matters. */
export type Action =
  /**
   * Report progress: `page` of `pages` pages are finished. `page` never decreases, even when a second PDF engine starts
   * from page 1.
   */
  | { readonly type: "progress"; readonly page: number; readonly pages: number }
  /** Let a second child read this file of `pages` pages backwards. */
  | { readonly type: "read-backwards"; readonly pages: number }
  /** Ask the child to stop before this page, because the backward reader has read this page and all after it. */
  | { readonly type: "stop"; readonly before: number }
  /** Stop reading the reports of the current child. */
  | { readonly type: "leave" };

/** A second child may begin after the first child's first page, if at least this many pages are left. */
const MIN_BACKWARD_PAGES = 10;
/**
 * The first child is told where to stop once the number of its last page plus this is at least that of the backward
 * reader's first page. The first child has then begun its next page, so with 1 it would be told too late, and read a
 * page that the backward reader has read.
 */
const MEETING_PAGES = 2;

/**
 * The state of one file, which children and PDF engines read one after another. A FileRun decides what to do, but does
 * no I/O. It gets the time as an argument: wall-clock time, and the processor time of the current child.
 */
export interface FileRun {
  /** What the current PDF engine has read. */
  readonly reading: Reading;
  /** The number of the page at which the current child begins. */
  readonly nextPage: number;
  /**
   * Notes that a child begins; returns true. If too little time is left for a child, ends the reading and returns
   * false.
   */
  beginChild(engine: EngineName, wall: number): boolean;
  /** Returns which time is used up for the page or the file; undefined if neither is. */
  overdue(at: Moment): Overdue | undefined;
  /** Takes a report of the current child. Returns what to do. */
  report(report: Report | Interruption, fromEnd: ReadFromEnd, at: Moment): Action[];
  /** Returns what to do after the backward reader has read another page. */
  meet(fromEnd: ReadFromEnd): Action[];
  needsAnotherEngine(wall: number): boolean;
  /** What all PDF engines have read, combined. */
  result(): Reading;
}

export function createFileRun(first: EngineName, limits: ExtractLimits): FileRun {
  const reading = beginReading(first);
  const run: State = { first, limits, reading, begin: 1, reached: 0, progress: 0, cpu: { before: 0, child: 0 } };
  const cpuNow = (): number => run.cpu.before + run.cpu.child;
  return {
    get reading() {
      return run.reading;
    },
    get nextPage() {
      return run.begin;
    },
    beginChild: (engine, wall) => beginChild(run, engine, { wall, cpu: cpuNow() }),
    overdue: (at) => run.time && overdue(run.time, momentOf(run, at)),
    report(report, fromEnd, childAt) {
      const actions = takeReport(run, report, fromEnd, momentOf(run, childAt));
      if (run.reading.end) actions.push({ type: "leave" });
      return actions;
    },
    meet: (fromEnd) => meet(run, fromEnd),
    needsAnotherEngine: (wall) =>
      worthAnotherEngine(run.reading) &&
      run.time !== undefined &&
      lacks(run.time, limits, { wall, cpu: cpuNow() }) === undefined,
    result: () => (run.earlier ? combine(run.earlier, run.reading, limits) : run.reading),
  };
}

interface State {
  readonly first: EngineName;
  readonly limits: ExtractLimits;
  /** `reading`: what the current PDF engine has read. `earlier`: what the engine before it has read. */
  reading: Reading;
  earlier?: Reading;
  time?: FileTime;
  /** Processor time in ms: of all earlier children (`before`), and of the current one (`child`). */
  cpu: { readonly before: number; readonly child: number };
  /** The number of the page at which the current child begins. */
  begin: number;
  /** The number of the last page that the current child has read or lost. */
  reached: number;
  progress: number;
}

/**
 * Converts the time of the current child to the time of the file, which includes the processor time of earlier
 * children.
 */
function momentOf(run: State, { wall, cpu: child }: Moment): Moment {
  run.cpu = { ...run.cpu, child };
  return { wall, cpu: run.cpu.before + child };
}

function beginChild(run: State, engine: EngineName, at: Moment): boolean {
  const { time, limits } = run;
  const lacking = time && lacks(time, limits, at);
  if (lacking) {
    run.reading.end = lacking;
    return false;
  }
  run.cpu = { before: at.cpu, child: 0 };
  run.time = time ? nextChildTime(time, limits, at) : startTime(limits, at);
  if (engine !== run.reading.engine) {
    run.earlier = run.reading;
    run.reading = beginReading(engine);
  }
  run.reading.end = undefined;
  run.reached = lastPageOf(run.reading);
  run.begin = run.reached + 1;
  return true;
}

function takeReport(run: State, report: Report | Interruption, fromEnd: ReadFromEnd, at: Moment): Action[] {
  if (isPage(report)) {
    if (run.time) run.time = nextPageTime(run.time, run.limits, { at, lost: report.type === "lost" });
    return addPage(run, report, fromEnd);
  }
  const actions: Action[] = [];
  const known = typeof report !== "string" && report.type === "done";
  if (known) for (const page of fromEnd.pagesAfter(lastPageOf(run.reading))) actions.push(...add(run, page, fromEnd));
  add(run, report, fromEnd);
  return actions;
}

function addPage(run: State, report: PageReport, fromEnd: ReadFromEnd): Action[] {
  const { page } = report;
  run.reached = page;
  const actions = page < fromEnd.firstPage ? add(run, report, fromEnd) : [];
  const left = (run.reading.total ?? 0) - page;
  // The second child would be a free child of the pool. Free children have loaded only the first PDF engine, so a
  // second child is of use only while this engine reads the file.
  const isFirst = run.reading.engine === run.first;
  if (isFirst && page === run.begin && left >= MIN_BACKWARD_PAGES)
    actions.push({ type: "read-backwards", pages: page + left });
  return [...actions, ...meet(run, fromEnd)];
}

function meet({ reached }: State, { firstPage }: ReadFromEnd): Action[] {
  return firstPage - reached <= MEETING_PAGES ? [{ type: "stop", before: firstPage }] : [];
}

function add(run: State, report: Report | Interruption, fromEnd: ReadFromEnd): Action[] {
  addReport(run.reading, report, run.limits);
  const { total } = run.reading;
  if (!isPage(report) || total === undefined) return [];
  const page = Math.min(report.page + fromEnd.count, total);
  if (page <= run.progress) return [];
  run.progress = page;
  return [{ type: "progress", page, pages: total }];
}
