import type { ExtractLimits } from "../port/extract.ts";
import { hasTimeLeft, isLate, nextChild, nextPage, startClock, type FileClock } from "./file-clock.ts";

/*
 * A file may take so much processor time: on full cores it takes longer and is not refused for that. A wall clock with ten
 * times as much is behind it, for children that wait for something that never comes.
 */

/** When something happened, in ms. `cpu`: processor time that the file's children have taken so far. */
export interface Moment {
  readonly wall: number;
  readonly cpu: number;
}

/** What a file has run out of: `time` of a processor, which is the file's fault, or `busy`: the wall clock's. */
export type Overdue = "time" | "busy";

export interface FileTime {
  readonly cpu: FileClock;
  readonly wall: FileClock;
}

type Times = Pick<ExtractLimits, "stallMs" | "timeoutMs">;

/** A child that gets a tenth of a core still has all of its processor time. */
export const WALL_FACTOR = 10;

export function startTime(times: Times, { wall, cpu }: Moment): FileTime {
  return { cpu: startClock(times, cpu), wall: startClock(wallTimes(times), wall) };
}

/** Another child begins. */
export function nextChildTime(time: FileTime, times: Times, { wall, cpu }: Moment): FileTime {
  return { cpu: nextChild(time.cpu, times, cpu), wall: nextChild(time.wall, wallTimes(times), wall) };
}

/** The page at hand was read, or lost. */
export function nextPageTime(time: FileTime, times: Times, { at, lost }: { at: Moment; lost: boolean }): FileTime {
  return {
    cpu: nextPage(time.cpu, times, { now: at.cpu, lost }),
    wall: nextPage(time.wall, wallTimes(times), { now: at.wall, lost }),
  };
}

/** What another child would have too little of, if anything. */
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
