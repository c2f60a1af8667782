import type { Prompt } from "./prompt.ts";

/** One call of the engine: the whole prompt, and the id that goes into the frame. */
export interface EngineAsk {
  readonly message: Prompt;
  readonly uniqueId: string;
  /** The user. The pool prefers to use a connection for the same user again. Never sent. */
  readonly affinity: string;
  /** The call before this one, with the same prompt, broke while the prompt was sent. */
  readonly brokeBefore?: boolean;
  /** W3C Trace Context of the call, for engines behind HTTP: a header. */
  readonly traceparent?: string | undefined;
  /** The conversation so far, oldest first, for engines that take one: those of WebSocket ignore it. */
  readonly history?: readonly ChatMessage[];
  /** Go on with an answer that another call has begun: with the text behind this point, and without another prompt. */
  readonly resume?: ResumePoint;
}

/** A point of an answer that the engine goes on with whether anybody reads it or not. */
export interface ResumePoint {
  /** Of the last `sent` or `text` event before it. Opaque; for the same engine, also in another process. */
  readonly mark: string;
  /** Of the text before it, in UTF-8. */
  readonly bytes: number;
}

/** The reason to abort a call whose answer another process goes on with: the engine is not told to stop. */
export class HandedOver extends Error {
  override readonly name = "HandedOver";
}

/** Stands before the first message of a conversation whose beginning does not fit. */
export const EARLIER_LEFT_OUT = "[Earlier parts of this conversation are left out.]\n\n";

/** What was said earlier in a conversation. */
export interface ChatMessage {
  readonly role: "user" | "assistant";
  readonly text: string;
}

/** What a call has cost, as the engine counts it. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly answerTokens: number;
}

/** `file` counts from 0 in the order of the prompt, `page` from 1. */
export interface EngineCitation {
  readonly file: number;
  readonly page: number;
}

/** The events of a call, in order: `sent` once, `text` any number of times, `end` once. */
export type EngineEvent =
  | {
      readonly kind: "sent";
      /** Which engine it was, as users see it; without it the caller's own name for the engine counts. */
      readonly engine?: string;
      /** How long ago the prompt was sent, in ms, if the engine's consent came later. */
      readonly agoMs?: number;
      /** See {@link ResumePoint}. Without it the answer cannot be gone on with after this event. */
      readonly mark?: string;
    }
  | { readonly kind: "text"; readonly text: string; readonly mark?: string }
  | {
      readonly kind: "end";
      /** The whole reply, if the engine sent it in its last frame; else the reply is the joined `text` events. */
      readonly text?: string;
      /** The reply frame as it came, when the reply was one JSON frame. */
      readonly frame?: string;
      /** The text is not whole: it was cut at the largest size of a reply, or the engine stopped at a limit of its own. */
      readonly truncated?: boolean;
      /** Where the engine tells. */
      readonly usage?: TokenUsage;
      /** At most 50. */
      readonly citations?: readonly EngineCitation[];
      /** Questions that may be asked next: at most 5, of at most 200 characters. */
      readonly suggestions?: readonly string[];
    };

/**
 * Answers prompts. One call is one attempt, without retries. Leaving the iteration early or aborting the signal ends the
 * call, and none of its frames can reach a later call of another user.
 *
 * @throws EngineError when the engine cannot be reached, is silent for too long or sends a reply that cannot be used;
 * the signal's reason when it was aborted.
 */
export interface Engine extends AsyncDisposable {
  ask(ask: EngineAsk, signal: AbortSignal): AsyncIterable<EngineEvent>;
}
