import { MAX_TAKEN, type TakenAsk } from "@docrelay/channel";

/** What is done with an ask that was just taken. `poison`: it was taken too often without reaching an engine call. */
export type TakenClass = "cancelled" | "expired" | "poison" | "run";

/** A cancel counts before the deadline: it is what the user wanted. */
export function classifyTaken(ask: Pick<TakenAsk, "cancelled" | "deadline" | "now" | "taken">): TakenClass {
  if (ask.cancelled) return "cancelled";
  if (ask.now >= ask.deadline) return "expired";
  if (ask.taken > MAX_TAKEN) return "poison";
  return "run";
}
