import { refuse, type Event } from "@docrelay/protocol";

/** The text that was sent to a client whose protocol cannot take text back when an attempt becomes void. */
export interface ToldText {
  readonly told: string;
  /** Characters of the present attempt; fewer than were sent if an earlier attempt got further. */
  readonly at: number;
}

export const NOTHING_TOLD: ToldText = { told: "", at: 0 };

/**
 * The text that an event adds to what was sent. A later attempt continues where it repeats the text of the one before.
 * @throws Refusal `ENGINE_UNAVAILABLE` when it says something else: the text that the client has is void then
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
