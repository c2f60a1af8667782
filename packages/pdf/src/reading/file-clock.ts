import type { ExtractLimits } from "../port/extract.ts";

/** The times of one file, over all children and both engines, in ms of `performance.now()`; pure. */
export interface FileClock {
  /** When the whole file's time is up. */
  readonly deadline: number;
  /** When a child last finished a page, or first began with the file. */
  readonly lastPageAt: number;
  /** When the time of the page at hand is up. */
  readonly pageDeadline: number;
}

type Times = Pick<ExtractLimits, "stallMs" | "timeoutMs">;

/** All children that try the same page may together take so many stalls' time … */
const SHARED_STALLS = 1.3;
/** … and a child that would get less than this does not begin. */
const MIN_LEFT_MS = 500;

/** The clock starts when the first child begins: the wait for it is not part of the file's time. */
export function startClock({ stallMs, timeoutMs }: Times, now: number): FileClock {
  return { deadline: now + timeoutMs, lastPageAt: now, pageDeadline: now + stallMs };
}

/** Another child begins. The wait for it was part of the file's time: mostly it was the file that killed the one before. */
export function nextChild(clock: FileClock, times: Times, now: number): FileClock {
  return { ...clock, pageDeadline: now + leftMs(clock, times, now) };
}

/** Whether another child would have enough time for the page at hand. */
export function hasTimeLeft(clock: FileClock, times: Times, now: number): boolean {
  return leftMs(clock, times, now) > MIN_LEFT_MS;
}

/** The page at hand was read, or lost: then another child may still try it, within the time that it shares with this one. */
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
