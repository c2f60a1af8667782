import type { EventOf } from "@docrelay/protocol";
import { askAddress } from "../redis/address.ts";
import { wrongAnswer, type Store } from "../redis/store.ts";
import { eventTail, runStep, step } from "./conversation-script.ts";

const FEEDBACK = step("feedback.lua", { ask: "text", most: "number" }, { tails: true });

/**
 * How many times the feedback on one ask may be changed. There is a limit because each change is an event of the log.
 */
export const MAX_FEEDBACK = 50;

/**
 * Writes the user's feedback on an ended ask as an event of the conversation's log. A repeated call writes the same
 * event again, which changes nothing for readers. `unknown`: this conversation has no such ask, or the ask's record has
 * expired. `running`: the ask has not ended. `many`: the feedback was changed too often.
 */
export async function giveFeedback(
  store: Store,
  of: { readonly user: string; readonly conversation: string; readonly id: string; readonly nonce: string },
  { verdict, word }: Pick<EventOf<"feedback">, "verdict" | "word">,
): Promise<"written" | "unknown" | "running" | "many"> {
  const { user, conversation, id, nonce } = of;
  const at = askAddress(user, conversation, id);
  const body = { type: "feedback", verdict, ...(word !== undefined && { word }) };
  const tails = [eventTail(store, { address: at, conversation, id }, nonce, body)];
  const reply = await runStep(store, at, FEEDBACK, { ask: at.a, most: MAX_FEEDBACK, tails });
  switch (reply[0]) {
    case "WRITTEN":
      return "written";
    case "UNKNOWN":
      return "unknown";
    case "RUNNING":
      return "running";
    case "MANY":
      return "many";
    default:
      throw wrongAnswer("feedback", reply);
  }
}
