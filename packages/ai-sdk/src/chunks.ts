import { isOver, type Turn } from "@docrelay/client";
import type { InferUIMessageChunk } from "ai";
import { answerId, extractedOf, metadataOf, sourcesOf, type DocrelayMessage } from "./messages.ts";

export type Chunk = InferUIMessageChunk<DocrelayMessage>;

/** What a stream has sent of a turn so far. */
export interface Told {
  readonly turn?: Turn | undefined;
  /** The id of the stream's text part that has begun and has not ended. */
  readonly text?: string | undefined;
}

/**
 * Returns the chunks that take a stream from what it has sent (`told`) to the present turn. If the engine was called
 * again, `reset-step` removes the text of the earlier attempt. At the end, the text is the same as in the log. Pure.
 */
export function chunksOf(told: Told, turn: Turn): Chunk[] {
  const chunks: Chunk[] = [];
  const { progress, text, attempt } = turn;
  const before = told.turn;
  if (progress && progress !== before?.progress)
    chunks.push({ type: "data-progress", data: progress, transient: true });
  // An ask that the log does not have yet gets no message, nor does one that failed or was cancelled before its answer
  // had any text.
  if (turn.state === "sending" || (isOver(turn) && !text && turn.state !== "completed")) return chunks;
  if (!before || before.state === "sending")
    chunks.push({ type: "start", messageId: answerId(turn.id), messageMetadata: metadataOf(turn) });
  chunks.push(...extractedOf(turn).filter(({ data }) => before?.files[data.file]?.pages === undefined));

  let shown = told.text;
  const isVoid = attempt !== before?.attempt || !text.startsWith(shown ?? "");
  if (shown !== undefined && isVoid) {
    chunks.push({ type: "reset-step" });
    shown = undefined;
  }
  const id = `${turn.id}-${attempt}`;
  if (shown === undefined && (text || isOver(turn))) {
    if (told.text === undefined) chunks.push({ type: "start-step" });
    chunks.push({ type: "text-start", id });
    shown = "";
  }
  if (text.length > (shown?.length ?? 0)) chunks.push({ type: "text-delta", id, delta: text.slice(shown?.length) });
  if (!isOver(turn)) return chunks;
  const finishReason = turn.state === "completed" ? "stop" : "interrupted";
  return [
    ...chunks,
    { type: "text-end", id },
    ...sourcesOf(turn),
    { type: "finish-step" },
    { type: "finish", finishReason, messageMetadata: metadataOf(turn) },
  ];
}
