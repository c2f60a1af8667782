import type { Prompt } from "./prompt.ts";

/** One call of the engine: the whole prompt, and the id that goes into the frame. */
export interface EngineAsk {
  readonly message: Prompt;
  readonly uniqueId: string;
  /** The user. The pool prefers to use a connection for the same user again. Never sent. */
  readonly affinity: string;
}

/** `file` counts from 0 in the order of the prompt, `page` from 1. */
export interface EngineCitation {
  readonly file: number;
  readonly page: number;
}

/** The events of a call, in order: `sent` once, `text` any number of times, `end` once. */
export type EngineEvent =
  | { readonly kind: "sent" }
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "end";
      /** The whole reply, if the engine sent it in its last frame; else the reply is the joined `text` events. */
      readonly text?: string;
      /** The reply frame as it came, when the reply was one JSON frame. */
      readonly frame?: string;
      /** At most 50. */
      readonly citations?: readonly EngineCitation[];
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

/**
 * Why a reply cannot be used. `size`: too long. `error`: the engine reports an error. `empty`: no text field. `unique-id`:
 * the id of another ask, or none on a connection where one is required. `binary`: not a text frame. `frame`: a violation
 * of the WebSocket protocol. `depth`: JSON nested too deeply.
 */
export type BadReply = "size" | "error" | "empty" | "unique-id" | "binary" | "frame" | "depth";

/** Why an engine call failed. All kinds may be retried. `reason` is set for `bad-reply` only. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly kind: "unavailable" | "timeout" | "bad-reply";
  readonly reason: BadReply | undefined;
  constructor(kind: EngineError["kind"], message: string, more: { reason?: BadReply; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.kind = kind;
    this.reason = more.reason;
  }
}

const SENTENCES: Record<BadReply, string> = {
  size: "the engine's reply is too large",
  error: "the engine replied with an error",
  empty: "the engine's reply has no text",
  "unique-id": "the engine's reply is not known to belong to this ask",
  binary: "the engine replied in binary",
  frame: "the engine broke the WebSocket protocol",
  depth: "the engine's reply is nested too deeply",
};

export function badReply(reason: BadReply, cause?: unknown): EngineError {
  return new EngineError("bad-reply", SENTENCES[reason], { reason, cause });
}
