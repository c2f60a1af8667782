import type { Prompt } from "./prompt.ts";

/** One call of the engine: the whole prompt, and the id for the frame. */
export interface EngineAsk {
  readonly message: Prompt;
  readonly uniqueId: string;
  /** The user. The pool prefers a connection that has served the same user. Never sent. */
  readonly affinity: string;
  /** The previous call had the same prompt, and its connection broke while the prompt was sent. */
  readonly brokeBefore?: boolean;
  /** W3C Trace Context of the call, sent as a header by engines behind HTTP. */
  readonly traceparent?: string | undefined;
  /** The conversation so far, oldest message first. Engines behind WebSocket ignore it. */
  readonly history?: readonly ChatMessage[];
  /** Continue an answer that another call has begun, with the text after this point; no prompt is sent. */
  readonly resume?: ResumePoint;
}

/**
 * A point of an answer from which a later call can continue it, because the engine computes the answer even if no call
 * reads it.
 */
export interface ResumePoint {
  /**
   * The mark of the last `sent` or `text` event before the point. Opaque. Valid for the same engine, also in another
   * process.
   */
  readonly mark: string;
  /** The length of the text before the point, in UTF-8 bytes. */
  readonly bytes: number;
}

/** The abort reason of a call whose answer another process continues: the engine is not told to stop. */
export class HandedOver extends Error {
  override readonly name = "HandedOver";
}

/** Comes before the first message of a conversation whose beginning does not fit. */
export const EARLIER_LEFT_OUT = "[Earlier parts of this conversation are left out.]\n\n";

/** An earlier message of a conversation. */
export interface ChatMessage {
  readonly role: "user" | "assistant";
  readonly text: string;
}

/** The tokens of a call, as the engine counts them. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly answerTokens: number;
}

/** A cited page. `file` counts from 0 in the order of the prompt, `page` from 1. */
export interface EngineCitation {
  readonly file: number;
  readonly page: number;
}

/** The events of a call, in order: `sent` once, `text` any number of times, `end` once. */
export type EngineEvent =
  | {
      readonly kind: "sent";
      /** The engine's name for users. Without it, the caller's own name for the engine is used. */
      readonly engine?: string;
      /** How long ago the prompt was sent, in ms, if the engine accepted the call later. */
      readonly agoMs?: number;
      /** See {@link ResumePoint}. Without a mark, the answer cannot be continued from this event. */
      readonly mark?: string;
    }
  | { readonly kind: "text"; readonly text: string; readonly mark?: string }
  | {
      readonly kind: "end";
      /** The whole reply, if the engine sent it in its last frame. Otherwise the reply is the joined `text` events. */
      readonly text?: string;
      /** The reply frame unchanged, if the reply was one JSON frame. */
      readonly frame?: string;
      /**
       * The text is incomplete: it was cut at the largest size of a reply, or the engine stopped at a limit of its own.
       */
      readonly truncated?: boolean;
      /** Present if the engine reports it. */
      readonly usage?: TokenUsage;
      /** At most 50 citations. */
      readonly citations?: readonly EngineCitation[];
      /** Questions that may be asked next: at most 5, of at most 200 characters. */
      readonly suggestions?: readonly string[];
    };

/**
 * Answers prompts. One call is one attempt, without retries. Leaving the iteration early or aborting the signal ends
 * the call. No frame of a call can reach a later call of another user.
 *
 * @throws EngineError when the engine cannot be reached, is silent for too long, or sends an unusable reply; the
 * signal's reason after an abort.
 */
export interface Engine extends AsyncDisposable {
  ask(ask: EngineAsk, signal: AbortSignal): AsyncIterable<EngineEvent>;
}
