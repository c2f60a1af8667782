import type { EngineEvent } from "../engine.ts";
import { badReply } from "../failure/engine-error.ts";
import type { Piece } from "./piece.ts";

/** The text of one reply while its pieces arrive. */
export interface ReplyText {
  readonly hasText: boolean;
  readonly isOver: boolean;
  /**
   * Returns the events of a piece. @throws EngineError `bad-reply` with reason `empty` when the reply ends without
   * text.
   */
  add(piece: Piece): EngineEvent[];
}

/**
 * Creates a reply of at most `maxBytes` UTF-8 bytes, of which `before` bytes have arrived already. The piece that
 * exceeds the limit is cut, and ends the reply.
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

/** The longest beginning of a text that has at most `maxBytes` in UTF-8. */
function fit(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(maxBytes)).read);
}
