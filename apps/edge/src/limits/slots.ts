import { createFairQueue } from "./fair-queue.ts";

export interface SlotsRule {
  readonly atOnce: number;
  /** The most calls of `run` with one `name` that run at the same time; by default `atOnce`. */
  readonly atOncePerName?: number;
  readonly maxWaiting: number;
  /** The most calls of `run` with one `name` that wait at the same time; by default `maxWaiting`. */
  readonly maxWaitingPerName?: number;
  readonly waitMs: number;
}

/**
 * Runs at most `atOnce` functions at a time. Further calls wait, at most `waitMs`, and are served in rotation by their
 * `name`, such as a user's.
 */
export interface Slots {
  /**
   * Runs `work` when a slot is free. @throws Refusal `BUSY` when too many calls wait or the wait was too long; errors
   * of `work`.
   */
  run<T>(work: () => Promise<T>, name?: string): Promise<T>;
  readonly waiting: number;
}

export function createSlots(rule: SlotsRule): Slots {
  const { atOncePerName } = rule;
  const queue = createFairQueue<symbol | string>({
    maxWaiting: rule.maxWaiting,
    maxWaitingPerUser: rule.maxWaitingPerName ?? rule.maxWaiting,
    turnsPerKey: atOncePerName ?? 1,
    waitMs: rule.waitMs,
    retryAfterMs: 1000,
    hasRoom: (running) => running < rule.atOnce,
  });
  return {
    get waiting() {
      return queue.waiting;
    },
    async run(work, name = "") {
      const release = await queue.acquire(name, atOncePerName === undefined ? Symbol("one piece of work") : name);
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
