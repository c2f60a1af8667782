import type { Event, EventOf } from "../messages/event.ts";
import { isTerminal } from "../messages/terminal.ts";

type Accepted = EventOf<"accepted">;
type Completed = EventOf<"completed">;
type Extraction = Omit<
  EventOf<"extracted">,
  "conversation" | "seq" | "nonce" | "ask" | "attempt" | "at" | "type" | "file"
>;

/** A file of an ask, with the result of its extraction once that has ended. */
export type TranscriptFile = Accepted["files"][number] & { readonly extraction?: Extraction };

/** One ask, with its state and its answer so far. */
export interface TranscriptAsk {
  readonly id: string;
  readonly seq: number;
  readonly at: number;
  readonly message: string;
  readonly files: readonly TranscriptFile[];
  /** The id of the ask that this one replaces. */
  readonly replaces?: string;
  /** The number of the engine call from which `text` comes; 0 before the first call. */
  readonly attempt: number;
  readonly text: string;
  readonly state: "waiting" | "extracting" | "asking" | "completed" | "failed" | "cancelled";
  readonly engine?: string;
  readonly error?: EventOf<"failed">["error"];
  readonly citations?: NonNullable<Completed["citations"]>;
  readonly timings?: Completed["timings"];
  readonly suggestions?: NonNullable<Completed["suggestions"]>;
  /** Whether the reply was cut because it was too long, or the engine stopped early. */
  readonly truncated?: boolean;
  /** The user's feedback on the answer; undefined when there is none or it was withdrawn. */
  readonly feedback?: { readonly verdict: "up" | "down"; readonly word?: string } | undefined;
}

/** A conversation as a web page shows it: its asks in the order in which they were accepted. */
export interface Transcript {
  readonly asks: readonly TranscriptAsk[];
}

export const EMPTY_TRANSCRIPT: Transcript = { asks: [] };

/**
 * Applies the next event of the log, or a `reset`, to a transcript. Asks that do not change stay the same objects.
 * Events of an ask whose `accepted` event is no longer kept are left out, because its question is not known.
 */
export function transcribe(transcript: Transcript, event: Event | { readonly type: "reset" }): Transcript {
  if (event.type === "reset") return EMPTY_TRANSCRIPT;
  const { asks } = transcript;
  const index = asks.findLastIndex((ask) => ask.id === event.ask);
  const ask = asks[index];
  if (!ask) return event.type === "accepted" ? { asks: [...asks, begin(event)] } : transcript;
  const changed = event.type === "feedback" ? rate(ask, event) : isOver(ask) ? ask : change(ask, event);
  return changed === ask ? transcript : { asks: asks.with(index, changed) };
}

function begin({ ask, seq, at, message, files, replaces }: Accepted): TranscriptAsk {
  const state = files.length > 0 ? "extracting" : "waiting";
  return { id: ask, seq, at, message, files, ...(replaces !== undefined && { replaces }), attempt: 0, text: "", state };
}

function rate(ask: TranscriptAsk, { verdict, word }: EventOf<"feedback">): TranscriptAsk {
  return { ...ask, feedback: verdict === "none" ? undefined : { verdict, ...(word !== undefined && { word }) } };
}

function change(ask: TranscriptAsk, event: Exclude<Event, { type: "feedback" }>): TranscriptAsk {
  if (event.attempt < ask.attempt && !isTerminal(event)) return ask;
  switch (event.type) {
    case "accepted":
      return ask;
    case "extracted":
      return extract(ask, event);
    case "started":
      return { ...attempt(ask, event), engine: event.engine };
    case "delta": {
      const current = attempt(ask, event);
      return { ...current, text: current.text + event.text };
    }
    case "completed": {
      const { text, timings, citations, suggestions, truncated } = event;
      const more = {
        ...(citations && { citations }),
        ...(suggestions && { suggestions }),
        ...(truncated && { truncated }),
      };
      return { ...ask, attempt: event.attempt, state: "completed", text, timings, ...more };
    }
    case "failed":
      return { ...ask, state: "failed", error: event.error };
    case "cancelled":
      return { ...ask, state: "cancelled", text: event.text };
  }
}

/** Begins a new attempt: the text of the attempt before it is dropped. */
function attempt(ask: TranscriptAsk, event: Event): TranscriptAsk {
  if (event.attempt === ask.attempt) return { ...ask, state: "asking" };
  return { ...ask, attempt: event.attempt, text: "", state: "asking" };
}

function extract(ask: TranscriptAsk, event: EventOf<"extracted">): TranscriptAsk {
  const file = ask.files[event.file];
  if (!file) return ask;
  const { pages, chars, cached, missing, ocr, truncated, used, attachments } = event;
  const more = { ...(used && { used }), ...(attachments && { attachments }) };
  const extraction = { pages, chars, cached, missing, ocr, truncated, ...more };
  const files = ask.files.with(event.file, { ...file, extraction });
  return { ...ask, files, state: files.every((each) => each.extraction) ? "waiting" : "extracting" };
}

function isOver(ask: TranscriptAsk): boolean {
  return ask.state === "completed" || ask.state === "failed" || ask.state === "cancelled";
}
