import { refuse, type Event } from "@docrelay/protocol";

/** The text sent so far to a client whose protocol cannot take text back when an attempt becomes void. */
export interface ToldText {
  readonly told: string;
  /** Characters of the current attempt; fewer than were sent if an earlier attempt had sent more. */
  readonly at: number;
}

export const NOTHING_TOLD: ToldText = { told: "", at: 0 };

/**
 * Returns the text that an event adds to what was sent. A later attempt first repeats the text of the attempt before;
 * new text begins where the repetition ends.
 * @throws Refusal `ENGINE_UNAVAILABLE` when the later attempt's text differs: then the text that the client has is void
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
