import { setTimeout as sleep } from "node:timers/promises";
import { toFailure } from "./failure.ts";

/** The pauses before the retries of a step whose outcome is unknown. */
const AGAIN_MS = [250, 750, 1500] as const;

/**
 * Runs an idempotent step, with the retries that a Socket.IO client would make itself while Redis does not respond.
 * `isOver`: the connection has closed, so that no retry follows. @throws the error of the last retry.
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
