import { setTimeout as sleep } from "node:timers/promises";
import { toFailure } from "./failure.ts";

/** The pauses before the retries of a step, in ms. If the last retry fails, the step has failed. */
const AGAIN_MS = [250, 750, 1500] as const;

/**
 * Runs an idempotent step, and runs it again while Redis does not respond, as a client with the SDK would do itself.
 * `isOver` returns true when the connection has closed: a step that fails after that is not run again. @throws the
 * error of the last try.
 */
export async function patiently<T>(step: () => Promise<T>, isOver: () => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await step();
    } catch (error) {
      const pause = AGAIN_MS[tries];
      if (isOver() || pause === undefined || toFailure(error).severity !== "store") throw error;
      await sleep(pause);
    }
  }
}
