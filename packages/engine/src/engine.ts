import type { Prompt } from "./prompt.ts";

/** One call of the engine. `message`: the whole prompt. `uniqueId`: the `unique_id` of the frame. */
export interface EngineAsk {
  readonly message: Prompt;
  readonly uniqueId: string;
  /**
   * The user of the ask, who is never named to the engine. The pool prefers a connection that has served the same user.
   */
  readonly affinity: string;
  /** Whether an earlier call with the same prompt lost its connection while the prompt was sent. */
  readonly brokeBefore?: boolean;
  /** The call's `traceparent` (W3C Trace Context). It is sent as a header to engines behind HTTP. */
  readonly traceparent?: string | undefined;
  /** The messages of the conversation so far, oldest first. Engines behind WebSocket ignore the history. */
  readonly history?: readonly ChatMessage[];
  /**
   * Set to continue an answer that another call has begun: no prompt is sent, and only the text after this point is
   * returned.
   */
  readonly resume?: ResumePoint;
}

/**
 * A point of an answer at which a later call can continue. This needs an engine that computes the answer even if no
 * call reads it.
 */
export interface ResumePoint {
  /**
   * The mark of the last `sent` or `text` event before the point. Only the engine knows its format. The mark is also
   * valid in another process that uses the same engine.
   */
  readonly mark: string;
  /** How many bytes, as UTF-8, the text before the point has. */
  readonly bytes: number;
}

/**
 * The abort reason for a call whose answer another process continues. With this reason, the engine is not told to stop.
 */
export class HandedOver extends Error {
  override readonly name = "HandedOver";
}

/** A note before the first message in the prompt, if the beginning of the conversation does not fit. */
export const EARLIER_LEFT_OUT = "[Earlier parts of this conversation are left out.]\n\n";

export interface ChatMessage {
  readonly role: "user" | "assistant";
  readonly text: string;
}

/** The tokens of a call, as the engine has counted them. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly answerTokens: number;
}

/** A cited page. `file`: the index of the file in the prompt. `page`: its number; the first page is 1. */
export interface EngineCitation {
  readonly file: number;
  readonly page: number;
}

/** The events of a call, in this order: `sent` once, `text` any number of times, `end` once. */
export type EngineEvent =
  | {
      readonly kind: "sent";
      /** The name of the engine that users see. If undefined, the caller uses its own name for the engine. */
      readonly engine?: string;
      /** How many ms ago the prompt was sent; set if the engine did not accept the call at once. */
      readonly agoMs?: number;
      /** The {@link ResumePoint} mark after this event. If undefined, the answer cannot be continued here. */
      readonly mark?: string;
    }
  | { readonly kind: "text"; readonly text: string; readonly mark?: string }
  | {
      readonly kind: "end";
      /** The whole reply, if the engine sent it in its last frame. Otherwise the reply is all `text` events joined. */
      readonly text?: string;
      /** The reply frame as it arrived, if the reply was one JSON frame. */
      readonly frame?: string;
      /**
       * Whether the text is incomplete: it was cut because it was too long, or the engine stopped at a limit of its
       * own.
       */
      readonly truncated?: boolean;
      /** The tokens of the call; set if the engine reports them. */
      readonly usage?: TokenUsage;
      /** The pages that the engine cites, at most 50. */
      readonly citations?: readonly EngineCitation[];
      /** Questions that the user may ask next: at most 5, with at most 200 characters each. */
      readonly suggestions?: readonly string[];
    };

/**
 * Answers prompts. One call of `ask` is one attempt: a prompt that the server may have read is not sent again. Leaving
 * the iteration early, or aborting the signal, ends the call. No frame of a call can reach a later call of another
 * user.
 *
 * @throws EngineError when the engine cannot be reached, is silent for too long, or sends an unusable reply; the
 * signal's reason after an abort.
 */
export interface Engine extends AsyncDisposable {
  ask(ask: EngineAsk, signal: AbortSignal): AsyncIterable<EngineEvent>;
}
