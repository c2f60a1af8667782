import { MAX_TAKEN, type TakenAsk } from "@docrelay/channel";

/**
 * What is to be done with an ask that was just taken. `poison`: the ask was taken too often without an engine call, so
 * it probably kills its workers, and ends as failed.
 */
export type TakenClass = "cancelled" | "expired" | "poison" | "run";

/**
 * Returns what is to be done with an ask. An ask that is both cancelled and expired ends as cancelled, because the user
 * wanted that.
 */
export function classifyTaken(ask: Pick<TakenAsk, "cancelled" | "deadline" | "now" | "taken">): TakenClass {
  if (ask.cancelled) return "cancelled";
  if (ask.now >= ask.deadline) return "expired";
  if (ask.taken > MAX_TAKEN) return "poison";
  return "run";
}
