import type { ExtractLimits } from "../port/extract.ts";
import { hasTimeLeft, isLate, nextChild, nextPage, startClock, type FileClock } from "./file-clock.ts";

/*
 * Measures a file by processor time, so that a file is not refused for being slow on busy cores. A wall clock with ten
 * times the limits also ends children that wait for something that never comes.
 */

/** When something happened, in ms. `cpu`: the processor time of the file's children so far. */
export interface Moment {
  readonly wall: number;
  readonly cpu: number;
}

/** The time that a file has used up. `time`: processor time, because of the file. `busy`: wall-clock time. */
export type Overdue = "time" | "busy";

export interface FileTime {
  readonly cpu: FileClock;
  readonly wall: FileClock;
}

type Times = Pick<ExtractLimits, "stallMs" | "timeoutMs">;

/**
 * The factor from processor time to wall-clock limits: a child with a tenth of a core still gets all its processor
 * time.
 */
export const WALL_FACTOR = 10;

export function startTime(times: Times, { wall, cpu }: Moment): FileTime {
  return { cpu: startClock(times, cpu), wall: startClock(wallTimes(times), wall) };
}

/** Another child begins. */
export function nextChildTime(time: FileTime, times: Times, { wall, cpu }: Moment): FileTime {
  return { cpu: nextChild(time.cpu, times, cpu), wall: nextChild(time.wall, wallTimes(times), wall) };
}

/** The current page was read or lost. */
export function nextPageTime(time: FileTime, times: Times, { at, lost }: { at: Moment; lost: boolean }): FileTime {
  return {
    cpu: nextPage(time.cpu, times, { now: at.cpu, lost }),
    wall: nextPage(time.wall, wallTimes(times), { now: at.wall, lost }),
  };
}

/** The kind of time that is too short for another child; undefined when both are enough. */
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
