import type { EventOf } from "@docrelay/protocol";
import { askAddress } from "../redis/address.ts";
import { wrongAnswer, type Store } from "../redis/store.ts";
import { eventTail, runStep, step } from "./conversation-script.ts";

const FEEDBACK = step("feedback.lua", { ask: "text", most: "number" }, { tails: true });

/** How often one ask's feedback may be changed: each time is an event of the log. */
export const MAX_FEEDBACK = 50;

/**
 * Writes what the user says of an ask that has ended, as an event of its log. Sent twice it is written twice, and says the
 * same. `unknown`: no such ask in this conversation, or its record has expired; `running`: it has not ended; `many`: it was changed too often.
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
