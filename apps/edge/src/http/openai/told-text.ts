import { refuse, type Event } from "@docrelay/protocol";

/** A reply as a client has it who cannot be told that an attempt was void. */
export interface ToldText {
  readonly told: string;
  /** How far the present attempt has got, in characters: less than was told when an earlier one got further. */
  readonly at: number;
}

export const NOTHING_TOLD: ToldText = { told: "", at: 0 };

/**
 * The text that an event adds to what was told. A further attempt goes on where it says the same as the one before.
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
