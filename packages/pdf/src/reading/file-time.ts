import type { ExtractLimits } from "../port/extract.ts";
import { hasTimeLeft, isLate, nextChild, nextPage, startClock, type FileClock } from "./file-clock.ts";

/*
 * Limits the processor time of a file, so that no file is refused because the cores are busy. The limits of its
 * wall-clock time are ten times as long; they end children that wait for something that never comes.
 */

/** A moment in ms. `wall`: wall-clock time. `cpu`: the processor time that the file's children have used so far. */
export interface Moment {
  readonly wall: number;
  readonly cpu: number;
}

/**
 * Which time a file has used up. `time`: processor time, so the file is too slow. `busy`: wall-clock time, so the cores
 * are too busy.
 */
export type Overdue = "time" | "busy";

export interface FileTime {
  readonly cpu: FileClock;
  readonly wall: FileClock;
}

type Times = Pick<ExtractLimits, "stallMs" | "timeoutMs">;

/**
 * The limits of wall-clock time are this many times those of processor time. So even a child with a tenth of a core has
 * its whole processor time.
 */
export const WALL_FACTOR = 10;

export function startTime(times: Times, { wall, cpu }: Moment): FileTime {
  return { cpu: startClock(times, cpu), wall: startClock(wallTimes(times), wall) };
}

export function nextChildTime(time: FileTime, times: Times, { wall, cpu }: Moment): FileTime {
  return { cpu: nextChild(time.cpu, times, cpu), wall: nextChild(time.wall, wallTimes(times), wall) };
}

export function nextPageTime(time: FileTime, times: Times, { at, lost }: { at: Moment; lost: boolean }): FileTime {
  return {
    cpu: nextPage(time.cpu, times, { now: at.cpu, lost }),
    wall: nextPage(time.wall, wallTimes(times), { now: at.wall, lost }),
  };
}

/**
 * Returns the time of which too little is left for another child to try the current page: processor time (`time`) or
 * wall-clock time (`busy`). Undefined if enough is left of both.
 */
export function lacks(time: FileTime, times: Times, { wall, cpu }: Moment): Overdue | undefined {
  if (!hasTimeLeft(time.cpu, times, cpu)) return "time";
  return hasTimeLeft(time.wall, wallTimes(times), wall) ? undefined : "busy";
}

export function overdue({ cpu, wall }: FileTime, at: Moment): Overdue | undefined {
  if (isLate(cpu, at.cpu)) return "time";
  return isLate(wall, at.wall) ? "busy" : undefined;
}

function wallTimes({ stallMs, timeoutMs }: Times): Times {
  return { stallMs: WALL_FACTOR * stallMs, timeoutMs: WALL_FACTOR * timeoutMs };
}
