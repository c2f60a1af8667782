import type { TakenAsk } from "@docrelay/channel";

/** What becomes of an ask that was just taken, before anything is done for it. */
export type Judgement = "cancelled" | "expired" | "poison" | "go";

/** An ask that was taken this often without being brought to an engine call kills whoever takes it. */
const MOST_TAKEN = 5;

/** A cancel counts before the deadline, since it is what the user wanted. */
export function judge(ask: Pick<TakenAsk, "cancelled" | "deadline" | "now" | "taken">): Judgement {
  if (ask.cancelled) return "cancelled";
  if (ask.now >= ask.deadline) return "expired";
  if (ask.taken > MOST_TAKEN) return "poison";
  return "go";
}
