import { isOver, type Turn } from "@docrelay/client";
import type { InferUIMessageChunk } from "ai";
import { answerId, extractedOf, metadataOf, sourcesOf, type DocrelayMessage } from "./messages.ts";

export type Chunk = InferUIMessageChunk<DocrelayMessage>;

/** The part of a turn that a stream has sent. */
export interface Told {
  readonly turn?: Turn | undefined;
  /** The text part that has begun and not ended. */
  readonly text?: string | undefined;
}

/**
 * Returns the chunks that bring a stream from `told` to the present turn. `reset-step` removes the text of an attempt
 * that is no longer valid. At the end the text equals the log's. Pure.
 */
export function chunksOf(told: Told, turn: Turn): Chunk[] {
  const chunks: Chunk[] = [];
  const { progress, text, attempt } = turn;
  const before = told.turn;
  if (progress && progress !== before?.progress)
    chunks.push({ type: "data-progress", data: progress, transient: true });
  // An ask that ended without an answer has no message.
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
