import type { EngineEvent } from "./engine.ts";
import type { BadReply, RetryAdvice } from "./failure/causes.ts";
import { readFrame, type FrameRule } from "./frame.ts";

/** The state of one reply while its frames come in. */
export interface Reply {
  /** UTF-8 bytes of its text. A frame counts as at least one, so that a stream of empty frames ends too. */
  readonly bytes: number;
  readonly frames: number;
  /** Every frame carried the ask's `unique_id`. */
  readonly echoed: boolean;
  readonly over: boolean;
}

export interface ReplyRule extends FrameRule {
  readonly maxReplyBytes: number;
}

export type ReplyStep =
  | { readonly reply: Reply; readonly events: readonly EngineEvent[] }
  /** `said`: what the engine reports as its error, as it came. */
  | { readonly refused: BadReply; readonly said?: string; readonly retry?: RetryAdvice };

export const NO_REPLY: Reply = { bytes: 0, frames: 0, echoed: true, over: false };

/** Adds a frame; pure. Returns its events, or why the reply cannot be used. Do not call it once the reply is over. */
export function readReply(reply: Reply, raw: string, rule: ReplyRule): ReplyStep {
  const frame = readFrame(raw, rule);
  if ("refused" in frame) return frame;
  const { text, last, whole, json, echoed, citations } = frame;
  const size = Math.max(1, text === undefined ? 0 : Buffer.byteLength(text));
  const bytes = whole ? size : reply.bytes + size;
  if (bytes > rule.maxReplyBytes) return { refused: "size" };
  if (rule.reply === "single" && text === undefined) return { refused: "empty" };

  const events: EngineEvent[] = [];
  if (text !== undefined && text !== "" && !whole) events.push({ kind: "text", text });
  if (last) {
    events.push({
      kind: "end",
      ...(whole && text !== undefined ? { text } : {}),
      ...(rule.reply === "single" && json ? { frame: raw } : {}),
      ...(citations ? { citations } : {}),
    });
  }
  return { reply: { bytes, frames: reply.frames + 1, echoed: reply.echoed && echoed, over: last }, events };
}
