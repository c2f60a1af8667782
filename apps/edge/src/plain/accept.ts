import type { AcceptAsk, AskInput } from "../asks/accept-ask.ts";
import { toFailure } from "../report/failure.ts";
import { setTimeout as sleep } from "node:timers/promises";

/** The pauses before an ask whose acceptance is unknown is sent again. */
const AGAIN_MS = [250, 750, 1500] as const;

/**
 * Accepts an ask as a client of the socket endpoint would: while the store does not answer it is sent again with the same
 * id, so that it is asked once. `isOver`: nobody waits any more. @throws what the last try threw.
 */
export async function acceptPatiently(
  acceptAsk: AcceptAsk,
  input: AskInput,
  maxInlineBytes: number,
  isOver: () => boolean,
): Promise<{ seq: number; duplicate: boolean }> {
  for (let tries = 0; ; tries++) {
    try {
      return await acceptAsk(input, { maxInlineBytes });
    } catch (error) {
      const pause = AGAIN_MS[tries];
      if (isOver() || pause === undefined || toFailure(error).severity !== "store") throw error;
      await sleep(pause);
    }
  }
}
