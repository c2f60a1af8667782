import type { EngineEvent } from "../engine.ts";
import { badReply } from "../failure/engine-error.ts";
import type { Piece } from "./piece.ts";

/** The text of one reply, while its pieces arrive. */
export interface ReplyText {
  readonly hasText: boolean;
  readonly isOver: boolean;
  /**
   * Adds a piece and returns its events. @throws EngineError `bad-reply` with reason `empty` when the reply ends
   * without text.
   */
  add(piece: Piece): EngineEvent[];
}

/**
 * Creates the text of a reply of at most `maxBytes` bytes as UTF-8. `before`: how many of these bytes an earlier call
 * has received. The piece that exceeds the limit is cut and ends the reply.
 */
export function createReply(maxBytes: number, before = 0): ReplyText {
  let bytes = before;
  let isOver = false;
  return {
    get hasText() {
      return bytes > 0;
    },
    get isOver() {
      return isOver;
    },
    add({ text = "", end }) {
      const fitting = fit(text, maxBytes - bytes);
      bytes += Buffer.byteLength(fitting);
      const isCut = fitting.length < text.length;
      isOver = isCut || end !== undefined;
      if (isOver && bytes === 0) throw badReply("empty");
      const events: EngineEvent[] = fitting === "" ? [] : [{ kind: "text", text: fitting }];
      if (isOver) events.push({ kind: "end", ...(isCut || end === "cut" ? { truncated: true } : {}) });
      return events;
    },
  };
}

/** Returns the longest beginning of a text that has at most `maxBytes` bytes as UTF-8. */
function fit(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(maxBytes)).read);
}
