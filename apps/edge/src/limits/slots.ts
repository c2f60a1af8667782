import { createFairQueue } from "./fair-queue.ts";

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

export function createSlots(rule: { atOnce: number; maxWaiting: number; waitMs: number }): Slots {
  const queue = createFairQueue<symbol>({
    maxWaiting: rule.maxWaiting,
    waitMs: rule.waitMs,
    retryAfterMs: 1000,
    hasRoom: (running) => running < rule.atOnce,
  });
  return {
    get waiting() {
      return queue.waiting;
    },
    async run(work, name = "") {
      const release = await queue.acquire(name, Symbol("one piece of work"));
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
