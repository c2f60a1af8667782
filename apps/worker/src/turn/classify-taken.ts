import { MOST_TAKEN, type TakenAsk } from "@docrelay/channel";

/** What becomes of an ask that was just taken, before anything is done for it. */
export type Judgement = "cancelled" | "expired" | "poison" | "go";

/** A cancel counts before the deadline, since it is what the user wanted. */
export function judge(ask: Pick<TakenAsk, "cancelled" | "deadline" | "now" | "taken">): Judgement {
  if (ask.cancelled) return "cancelled";
  if (ask.now >= ask.deadline) return "expired";
  if (ask.taken > MOST_TAKEN) return "poison";
  return "go";
}
