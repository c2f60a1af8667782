import { backoff } from "@docrelay/protocol";
import { setTimeout } from "node:timers/promises";
import { originOf } from "./failure.ts";

export interface Patience {
  /** How long the step is retried, in ms. */
  readonly forMs: number;
  /** Aborted when the process stops: a step that fails after that is not retried. */
  readonly signal?: AbortSignal;
}

const PAUSE_MS = { firstMs: 50, longestMs: 1000 };

/**
 * Runs a step of the store, and runs it again until the store has replied. The step must be idempotent, because after
 * an error its outcome is unknown.
 * @throws the last error when `forMs` is over or the process stops; an error that is not about the store at once.
 */
export async function retry<T>(step: () => Promise<T>, { forMs, signal }: Patience): Promise<T> {
  const end = performance.now() + forMs;
  for (let tries = 0; ; tries++) {
    try {
      return await step();
    } catch (error) {
      const pause = backoff(tries, PAUSE_MS, Math.random());
      if (originOf(error).kind !== "store" || signal?.aborted || performance.now() + pause > end) throw error;
      await sleep(pause, signal);
    }
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
