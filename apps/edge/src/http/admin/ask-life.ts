import type { AskFacts } from "@docrelay/channel";
import type { Event } from "@docrelay/protocol";

/** One event in the life of an ask. `ms`: the time since the ask was accepted. */
export interface Moment {
  readonly ms: number;
  readonly what: string;
  readonly attempt: number;
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

export interface Life {
  readonly id: string;
  readonly conversation: string;
  readonly acceptedAt: number;
  /** The stage of an unfinished ask: `queued`, `parked` or `running`; for an ended ask, the type of its last event. */
  readonly stage: string | undefined;
  readonly trace?: string;
  readonly worker?: string;
  readonly moments: readonly Moment[];
}

/**
 * Describes the life of an ask without words of its question, files or answer: only numbers, codes and names of
 * engines.
 */
export function lifeOf(events: readonly Event[], facts: AskFacts | undefined): Life | undefined {
  const [first] = events;
  if (!first) return undefined;
  const moments: Moment[] = [];
  for (const event of events) {
    const { type, attempt, at } = event;
    const last = moments.at(-1);
    const ms = at - first.at;
    // All deltas of an attempt are shown as one moment, from the first delta to the last.
    if (type === "delta" && last?.what === "delta" && last.attempt === attempt) {
      const { pieces = 0, units = 0 } = last.detail as { pieces?: number; units?: number };
      const detail = { pieces: pieces + 1, units: units + event.text.length, untilMs: ms };
      moments[moments.length - 1] = { ...last, detail };
    } else moments.push({ ms, what: type, attempt, detail: detailOf(event, ms) });
  }
  return {
    id: first.ask,
    conversation: first.conversation,
    acceptedAt: first.at,
    stage: facts?.state ?? events.at(-1)?.type,
    ...(facts && { trace: facts.trace }),
    ...(facts?.worker !== undefined && { worker: facts.worker }),
    moments,
  };
}

function detailOf(event: Event, ms: number): Moment["detail"] {
  switch (event.type) {
    case "accepted":
      return { files: event.files.length, bytes: event.files.reduce((sum, { size }) => sum + size, 0) };
    case "extracted": {
      const { file, pages, chars, cached, missing, truncated } = event;
      return { file, pages, chars, cached, missing: missing.length, truncated };
    }
    case "started":
      return { engine: event.engine };
    case "delta":
      return { pieces: 1, units: event.text.length, untilMs: ms };
    case "completed":
      return { ...event.timings, units: event.text.length, citations: event.citations?.length ?? 0 };
    case "failed": {
      // The error's message is left out: it may name a file, or come from the engine.
      const { code, reason, retryable } = event.error;
      return { code, retryable, ...(reason !== undefined && { reason }) };
    }
    case "cancelled":
      return { units: event.text.length };
    default:
      return {};
  }
}
