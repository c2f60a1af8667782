import type { ExtractLimits } from "../port/extract.ts";

/**
 * The deadlines of one file, on one clock: wall-clock time or processor time, in ms. All children and both PDF engines
 * share them. The functions of this file are pure.
 */
export interface FileClock {
  /** When the time for the whole file is over, in ms of the clock. */
  readonly deadline: number;
  /** When the last page was finished. Before the first page is finished: when the first child began. */
  readonly lastPageAt: number;
  /** When the time for the current page is over, in ms of the clock. */
  readonly pageDeadline: number;
}

type Times = Pick<ExtractLimits, "stallMs" | "timeoutMs">;

/** All children that try the same page have together this many times `stallMs` for it. */
const SHARED_STALLS = 1.3;
/** If fewer ms than this would be left for the page, no other child begins. */
const MIN_LEFT_MS = 500;

/**
 * Starts the clock, when the first child begins. So the time that the file has waited for this child does not count.
 */
export function startClock({ stallMs, timeoutMs }: Times, now: number): FileClock {
  return { deadline: now + timeoutMs, lastPageAt: now, pageDeadline: now + stallMs };
}

/**
 * Sets the deadline of the current page for a further child that tries it. The time of waiting for this child counts
 * for the page, because in most cases it was the file that made the previous child end.
 */
export function nextChild(clock: FileClock, times: Times, now: number): FileClock {
  return { ...clock, pageDeadline: now + leftMs(clock, times, now) };
}

/** Whether enough time is left for another child to try the current page. */
export function hasTimeLeft(clock: FileClock, times: Times, now: number): boolean {
  return leftMs(clock, times, now) > MIN_LEFT_MS;
}

/**
 * Sets the deadline of the next page, after a page was read or lost. A lost page does not renew the time that children
 * share for one page: the next child may have to try the same page again.
 */
export function nextPage(clock: FileClock, { stallMs }: Times, input: { now: number; lost: boolean }): FileClock {
  const { now, lost } = input;
  return { ...clock, pageDeadline: now + stallMs, lastPageAt: lost ? clock.lastPageAt : now };
}

export function isLate({ deadline, pageDeadline }: FileClock, now: number): boolean {
  return now > deadline || now > pageDeadline;
}

function leftMs({ deadline, lastPageAt }: FileClock, { stallMs }: Times, now: number): number {
  return Math.min(stallMs, lastPageAt + SHARED_STALLS * stallMs - now, deadline - now);
}
