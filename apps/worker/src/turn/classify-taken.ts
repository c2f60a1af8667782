import { MAX_TAKEN, type TakenAsk } from "@docrelay/channel";

/**
 * What is to be done with an ask that was just taken. `poison`: the ask was taken too often without an engine call, so
 * it probably kills its workers, and ends as failed.
 */
export type TakenClass = "cancelled" | "expired" | "poison" | "run";

/** Of an ask that is both cancelled and expired, the cancellation counts, because the user wanted it. */
export function classifyTaken(ask: Pick<TakenAsk, "cancelled" | "deadline" | "now" | "taken">): TakenClass {
  if (ask.cancelled) return "cancelled";
  if (ask.now >= ask.deadline) return "expired";
  if (ask.taken > MAX_TAKEN) return "poison";
  return "run";
}
