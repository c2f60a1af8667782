import type { ExtractLimits } from "../port/extract.ts";

/**
 * The times of one file over all its children and both engines, in ms; pure. It is used for wall-clock time and for
 * processor time.
 */
export interface FileClock {
  /** When the time of the whole file is up. */
  readonly deadline: number;
  /** When a child last finished a page, or the first child began. */
  readonly lastPageAt: number;
  /** When the time of the current page is up. */
  readonly pageDeadline: number;
}

type Times = Pick<ExtractLimits, "stallMs" | "timeoutMs">;

/** All children that try the same page may together use this many times the stall limit. */
const SHARED_STALLS = 1.3;
/** A child that would get less time than this does not begin. */
const MIN_LEFT_MS = 500;

/** Starts the clock when the first child begins: the wait for that child is not part of the file's time. */
export function startClock({ stallMs, timeoutMs }: Times, now: number): FileClock {
  return { deadline: now + timeoutMs, lastPageAt: now, pageDeadline: now + stallMs };
}

/**
 * Another child begins. The wait for it is part of the file's time, because in most cases the file killed the child
 * before.
 */
export function nextChild(clock: FileClock, times: Times, now: number): FileClock {
  return { ...clock, pageDeadline: now + leftMs(clock, times, now) };
}

/** Whether another child would have enough time for the current page. */
export function hasTimeLeft(clock: FileClock, times: Times, now: number): boolean {
  return leftMs(clock, times, now) > MIN_LEFT_MS;
}

/**
 * The current page was read or lost. After a lost page another child may try it, within the rest of the shared time.
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
