import { refuse, type Event } from "@docrelay/protocol";

/**
 * The text that was sent to a client of a protocol that cannot take text back. If an attempt fails and another one
 * begins, the text of the failed attempt is void, but the client has it.
 */
export interface ToldText {
  /** All text that the client has. */
  readonly told: string;
  /** How many characters of the current attempt's text have come; `told` is longer if an earlier attempt had more. */
  readonly at: number;
}

export const NOTHING_TOLD: ToldText = { told: "", at: 0 };

/**
 * Returns the text that is to be sent for an event. As long as a later attempt repeats the text that the client has,
 * nothing is sent; new text begins where the repetition ends.
 * @throws Refusal `ENGINE_UNAVAILABLE` when the text of a later attempt differs from the text that the client has
 */
export function tell({ told, at }: ToldText, event: Event): { state: ToldText; piece: string } {
  if (event.type === "started") return { state: { told, at: 0 }, piece: "" };
  if (event.type === "delta") {
    const known = told.slice(at, at + event.text.length);
    if (!event.text.startsWith(known)) throw contradiction();
    const piece = event.text.slice(known.length);
    return { state: { told: told + piece, at: at + event.text.length }, piece };
  }
  if (event.type === "completed") {
    if (!event.text.startsWith(told)) throw contradiction();
    return { state: { told: event.text, at: event.text.length }, piece: event.text.slice(told.length) };
  }
  return { state: { told, at }, piece: "" };
}

function contradiction(): Error {
  const message =
    "The AI engine was lost in mid-answer and has begun anew. The text so far is void; the ask goes on, and its answer can be fetched by the same id.";
  return refuse("ENGINE_UNAVAILABLE", { message });
}
