import type { AcceptAsk, AskInput } from "../asks/accept-ask.ts";
import { toFailure } from "../report/failure.ts";
import { setTimeout as sleep } from "node:timers/promises";

/** The pauses before each retry of an ask whose acceptance is unknown. */
const AGAIN_MS = [250, 750, 1500] as const;

/**
 * Accepts an ask with the retries that a Socket.IO client would make itself: while Redis does not respond, the same id
 * is sent again, so that the ask is accepted once. `isOver`: the connection has closed, and the retries end. @throws
 * the error of the last retry.
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
