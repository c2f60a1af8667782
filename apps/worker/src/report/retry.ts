import { backoff } from "@docrelay/protocol";
import { setTimeout } from "node:timers/promises";
import { originOf } from "./failure.ts";

export interface Patience {
  /** How long an unanswered step is sent again. */
  readonly forMs: number;
  /** Ends the waiting: the process is going. */
  readonly signal?: AbortSignal;
}

const PAUSE_MS = { firstMs: 50, longestMs: 1000 };

/**
 * Sends a step of an ask again until the store has answered it. Every step is idempotent, so an unknown outcome is
 * simply asked for again. Anything but trouble with the store is thrown at once.
 * @throws the last error when patience is over.
 */
export async function insist<T>(step: () => Promise<T>, { forMs, signal }: Patience): Promise<T> {
  const end = performance.now() + forMs;
  for (let tries = 0; ; tries++) {
    const pause = backoff(tries, PAUSE_MS, Math.random());
    try {
      return await step();
    } catch (error) {
      if (originOf(error).kind !== "store" || signal?.aborted || performance.now() + pause > end) throw error;
    }
    await sleep(pause, signal);
  }
}

/** Waits `ms`, or until the signal is aborted. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, signal && { signal });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
