import type { Prompt } from "./prompt.ts";

/** One call of the engine: the whole prompt, and the id that goes into the frame. */
export interface EngineAsk {
  readonly message: Prompt;
  readonly uniqueId: string;
  /** Who asks: a connection that has just served somebody serves the same one first. Never sent. */
  readonly affinity: string;
}

/** `file` counts from 0 in the order of the prompt, `page` from 1. */
export interface EngineCitation {
  readonly file: number;
  readonly page: number;
}

/** What comes back, in order: `sent` once, `text` 0..n, `end` once. */
export type EngineEvent =
  | { readonly kind: "sent" }
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "end";
      /** The whole reply, when the engine said it at the end; else it is the texts joined. */
      readonly text?: string;
      /** The reply frame as it came, when the reply was one JSON frame. */
      readonly frame?: string;
      /** At most 50. */
      readonly citations?: readonly EngineCitation[];
    };

/**
 * Something that answers prompts. One call is one attempt: it does not try again. Leaving the iteration early or
 * aborting the signal ends the call, and nothing of it can reach a later one of somebody else.
 *
 * @throws EngineError when the engine cannot be reached, is silent for too long or replies what cannot be used; the
 * signal's reason when it was aborted.
 */
export interface Engine extends AsyncDisposable {
  ask(ask: EngineAsk, signal: AbortSignal): AsyncIterable<EngineEvent>;
}

/**
 * What is wrong with a reply. `size`: too long. `error`: the engine says that it failed. `empty`: no text field.
 * `unique-id`: another ask's, or nobody's where it has to be told. `binary`, `frame`, `depth`: not a text frame, not
 * the WebSocket protocol, JSON nested too deeply.
 */
export type BadReply = "size" | "error" | "empty" | "unique-id" | "binary" | "frame" | "depth";

/** Why an engine call failed. All kinds are worth another attempt. `reason` only for `bad-reply`. */
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
