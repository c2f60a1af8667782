import type { ExtractLimits } from "../port/extract.ts";
import { hasTimeLeft, isLate, nextChild, nextPage, startClock, type FileClock } from "./file-clock.ts";

/*
 * Measures a file by processor time, so that a file is not refused because the cores are busy. A wall clock with ten
 * times the limits also ends children that wait for something that never comes.
 */

/** A moment in ms. `wall`: by a clock. `cpu`: by the processor time that the file's children have used so far. */
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
 * How many times as long as the processor time the wall-clock time may be: a child with a tenth of a core still gets
 * all its processor time.
 */
export const WALL_FACTOR = 10;

export function startTime(times: Times, { wall, cpu }: Moment): FileTime {
  return { cpu: startClock(times, cpu), wall: startClock(wallTimes(times), wall) };
}

/** The file's times after another child has begun. */
export function nextChildTime(time: FileTime, times: Times, { wall, cpu }: Moment): FileTime {
  return { cpu: nextChild(time.cpu, times, cpu), wall: nextChild(time.wall, wallTimes(times), wall) };
}

/** The file's times after the current page was read or lost. */
export function nextPageTime(time: FileTime, times: Times, { at, lost }: { at: Moment; lost: boolean }): FileTime {
  return {
    cpu: nextPage(time.cpu, times, { now: at.cpu, lost }),
    wall: nextPage(time.wall, wallTimes(times), { now: at.wall, lost }),
  };
}

/** Which time is too short for another child; undefined when both are enough. */
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
