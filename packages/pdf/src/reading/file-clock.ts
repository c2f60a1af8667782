import type { ExtractLimits } from "../port/extract.ts";

/**
 * The times of one file, over all its children and both PDF engines, in ms. Pure. There is one clock for wall-clock
 * time and one for processor time.
 */
export interface FileClock {
  /** When the time of the whole file is up, in ms of the clock. */
  readonly deadline: number;
  /** When a child last finished a page. Before the first page, it is when the first child began. */
  readonly lastPageAt: number;
  /** When the time of the current page is up, in ms of the clock. */
  readonly pageDeadline: number;
}

type Times = Pick<ExtractLimits, "stallMs" | "timeoutMs">;

/** How many times `stallMs` all children that try the same page may take together. */
const SHARED_STALLS = 1.3;
/** A child that would have fewer ms than this for its page does not begin. */
const MIN_LEFT_MS = 500;

/** Starts the clock when the first child begins: the file's wait for that child does not count. */
export function startClock({ stallMs, timeoutMs }: Times, now: number): FileClock {
  return { deadline: now + timeoutMs, lastPageAt: now, pageDeadline: now + stallMs };
}

/**
 * Sets the deadline of the current page for another child. The wait for this child counts, because in most cases it was
 * the file that made the previous child end.
 */
export function nextChild(clock: FileClock, times: Times, now: number): FileClock {
  return { ...clock, pageDeadline: now + leftMs(clock, times, now) };
}

/** Whether another child would have enough time for the current page. */
export function hasTimeLeft(clock: FileClock, times: Times, now: number): boolean {
  return leftMs(clock, times, now) > MIN_LEFT_MS;
}

/**
 * Sets the deadline of the next page after a page was read or lost. A lost page does not renew the time that children
 * share for a page: another child may try the page within the rest of that time.
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
