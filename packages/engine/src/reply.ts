import type { EngineEvent } from "./engine.ts";
import type { BadReply, RetryAdvice } from "./failure/causes.ts";
import { readFrame, type FrameRule, type ReplyFrame } from "./frame.ts";
import type { Habit, ReplyMode } from "./habit.ts";

/** The state of one reply while its frames arrive. */
export interface Reply {
  /**
   * The bytes of the reply's text, as UTF-8. A frame without text counts as one byte, so that a stream of such frames
   * ends, too.
   */
  readonly bytes: number;
  readonly frames: number;
  /** How many frames of the reply had a text. An empty text counts, too. */
  readonly texts: number;
  /** How many frames of the reply had no text and did not report the engine's state either. */
  readonly unknown: number;
  /** Whether a frame of the reply was marked as a part of a stream. */
  readonly streams: boolean;
  /**
   * The frame that has the reply's text, unparsed. Undefined if that frame is not JSON, or once a further frame of the
   * reply has come.
   */
  readonly only: string | undefined;
  /** Whether every frame of the reply had the ask's `unique_id`. */
  readonly echoed: boolean;
  /** The newest citations and suggestions among the reply's frames. */
  readonly given: Pick<ReplyFrame, "citations" | "suggestions">;
  /**
   * How the reply ended; undefined while it goes on. `one`: with its first frame. `mark`: with a frame that marks the
   * end. `close`: the engine closed the connection. `quiet`: by silence. `cut`: it was too long.
   */
  readonly ended: "one" | "mark" | "close" | "quiet" | "cut" | undefined;
}

export interface ReplyRule extends FrameRule {
  readonly mode: ReplyMode;
  readonly maxReplyBytes: number;
  /**
   * `close`: if the engine closes the connection normally after a text, the stream is complete. `frame`: only a frame
   * can end the stream.
   */
  readonly streamEnd: "close" | "frame";
}

export type ReplyStep =
  | { readonly reply: Reply; readonly events: readonly EngineEvent[] }
  /** `said`: the text of the error that the engine reports, unchanged. */
  | { readonly refused: BadReply; readonly said?: string; readonly retry?: RetryAdvice };

export const NO_REPLY: Reply = {
  bytes: 0,
  frames: 0,
  texts: 0,
  unknown: 0,
  streams: false,
  only: undefined,
  echoed: true,
  given: {},
  ended: undefined,
};

/**
 * If an engine sends this many frames without a known text field, it uses another format, and the reply cannot be used.
 */
const MAX_UNKNOWN_FRAMES = 64;

/**
 * Adds a frame to a reply. Pure. Returns the frame's events, or why the reply cannot be used. Do not call it once the
 * reply has ended.
 */
export function readReply(reply: Reply, raw: string, rule: ReplyRule): ReplyStep {
  const frame = readFrame(raw, rule);
  if ("refused" in frame) return frame;
  const { text, sign, json } = frame;
  const isReply = sign !== "status";
  const size = Math.max(1, text === undefined ? 0 : Buffer.byteLength(text));
  const next: Reply = {
    bytes: (sign === "whole" ? 0 : reply.bytes) + size,
    frames: reply.frames + 1,
    texts: reply.texts + (text === undefined || !isReply ? 0 : 1),
    unknown: reply.unknown + (text === undefined && isReply ? 1 : 0),
    streams: reply.streams || sign === "more",
    only: reply.texts === 0 && json && text !== undefined ? raw : undefined,
    echoed: reply.echoed && (frame.echoed || !isReply),
    given: {
      ...reply.given,
      ...(frame.citations && { citations: frame.citations }),
      ...(frame.suggestions && { suggestions: frame.suggestions }),
    },
    ended: undefined,
  };
  if (next.bytes > rule.maxReplyBytes) return cut(reply, next, frame, rule);
  if (!isReply) return { reply: { ...next, only: reply.only }, events: [] };
  if (text === undefined && rule.mode === "single") return { refused: "empty" };
  if (next.texts === 0 && next.unknown >= MAX_UNKNOWN_FRAMES) return { refused: "empty" };

  if (rule.mode === "single") {
    const end = endEvent({ text, frame: json ? raw : undefined, ...next.given });
    return { reply: { ...next, ended: "one" }, events: [end] };
  }
  const pieces: EngineEvent[] = text === undefined || text === "" || sign === "whole" ? [] : [{ kind: "text", text }];
  if (sign !== "end" && sign !== "whole") return { reply: next, events: pieces };
  if (next.texts === 0) return { refused: "empty" };
  const end = endEvent({
    text: sign === "whole" ? text : undefined,
    frame: rule.mode === "auto" && next.frames === 1 ? next.only : undefined,
    ...next.given,
  });
  return { reply: { ...next, ended: "mark" }, events: [...pieces, end] };
}

/**
 * Ends a reply after a silence of the engine. Returns undefined when the silence is a failure and not the end of the
 * reply.
 */
export function endByQuiet(reply: Reply, rule: ReplyRule, habit: Habit): ReplyStep | undefined {
  if (rule.mode !== "auto" || reply.texts === 0 || reply.streams) return undefined;
  // If the engine marks the ends of its streams, a stream that stops without a mark has failed. A reply of one frame
  // may be complete without a mark.
  if (habit.ends === "mark" && reply.texts > 1) return undefined;
  return {
    reply: { ...reply, ended: "quiet" },
    events: [endEvent({ frame: reply.texts === 1 ? reply.only : undefined, ...reply.given })],
  };
}

/**
 * Ends a reply after the engine closed the connection normally. Returns undefined when the close is a failure and not
 * the end of the reply.
 */
export function endByClose(reply: Reply, rule: ReplyRule, habit: Habit): ReplyStep | undefined {
  const counts = rule.mode !== "single" && rule.streamEnd === "close" && !habit.sendsEnd;
  if (!counts || reply.texts === 0) return undefined;
  const frame = rule.mode === "auto" && reply.texts === 1 ? reply.only : undefined;
  return { reply: { ...reply, ended: "close" }, events: [endEvent({ frame, ...reply.given })] };
}

/** Ends a reply that is too long. Its text is kept up to the limit. */
function cut(reply: Reply, next: Reply, { text, sign }: ReplyFrame, { mode, maxReplyBytes }: ReplyRule): ReplyStep {
  if (next.texts === 0) return { refused: "size" };
  const isAll = sign === "whole" || mode === "single";
  const kept = cutBytes(text ?? "", isAll ? maxReplyBytes : maxReplyBytes - reply.bytes);
  const ended: Reply = { ...next, ended: "cut" };
  const end = { ...endEvent({ text: isAll ? kept : undefined }), truncated: true };
  return { reply: ended, events: isAll || kept === "" ? [end] : [{ kind: "text", text: kept }, end] };
}

/** Returns the longest beginning of a text that has at most `bytes` bytes as UTF-8 and ends with a whole character. */
function cutBytes(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(Math.max(0, bytes)));
  return text.slice(0, read);
}

function endEvent(
  more: { text?: string | undefined; frame?: string | undefined } & Reply["given"],
): Extract<EngineEvent, { kind: "end" }> {
  const given = Object.entries(more).filter(([, value]) => value !== undefined);
  return { kind: "end", ...Object.fromEntries(given) };
}
