import { patiently } from "../report/patiently.ts";
import type { AcceptAsk, AskInput } from "./accept-ask.ts";

/**
 * Accepts an ask, with retries while Redis does not respond. Each retry sends the same id, so the ask is accepted once.
 */
export function acceptPatiently(
  acceptAsk: AcceptAsk,
  input: AskInput,
  maxInlineBytes: number,
  isOver: () => boolean,
): Promise<{ seq: number; duplicate: boolean }> {
  return patiently(() => acceptAsk(input, { maxInlineBytes }), isOver);
}
