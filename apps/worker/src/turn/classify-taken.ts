import { MAX_TAKEN, type TakenAsk } from "@docrelay/channel";

/**
 * What is to be done with an ask that was just taken. `poison`: the ask was taken too often without reaching an engine
 * call.
 */
export type TakenClass = "cancelled" | "expired" | "poison" | "run";

/** A cancellation has priority over the deadline, because the user wanted it. */
export function classifyTaken(ask: Pick<TakenAsk, "cancelled" | "deadline" | "now" | "taken">): TakenClass {
  if (ask.cancelled) return "cancelled";
  if (ask.now >= ask.deadline) return "expired";
  if (ask.taken > MAX_TAKEN) return "poison";
  return "run";
}
