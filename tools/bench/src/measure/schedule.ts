import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "./clock.ts";

/** Returns when the `index`-th arrival (counted from 0) is due, in ms from the start, at `rate` arrivals a second. */
export function dueAt(index: number, rate: number): number {
  return (index * 1000) / rate;
}

/** Returns how many arrivals are due `elapsedMs` after the start, at most `most`; the first is due at the start. */
export function countDue(elapsedMs: number, rate: number, most: number): number {
  return elapsedMs < 0 ? 0 : Math.min(most, Math.floor((elapsedMs * rate) / 1000 + 1e-9) + 1);
}

export interface Schedule {
  /** Arrivals per second. */
  readonly rate: number;
  readonly durationMs: number;
  /** The schedule has at most this many arrivals. */
  readonly most: number;
  readonly signal?: AbortSignal;
}

/**
 * Open loop: calls `arrive` for each arrival when it is due, whether or not earlier ones have finished. The caller
 * measures latencies from `scheduledAt` (in ms of {@link nowMs}), so that they include delays of this process. If this
 * process is late, the missed arrivals are made at once, not dropped. Resolves to the number of arrivals when all were
 * made or `signal` is aborted.
 */
export async function runSchedule(of: Schedule, arrive: (index: number, scheduledAt: number) => void): Promise<number> {
  const begun = nowMs();
  const most = Math.min(of.most, Math.ceil((of.durationMs * of.rate) / 1000));
  let made = 0;
  while (made < most && !of.signal?.aborted) {
    const due = countDue(nowMs() - begun, of.rate, most);
    while (made < due) {
      arrive(made, begun + dueAt(made, of.rate));
      made++;
    }
    if (made < most) await sleep(Math.max(1, begun + dueAt(made, of.rate) - nowMs()));
  }
  return made;
}
