/**
 * Text of the engine that waits to be written. `flushedAt`: when the last piece was taken from it; undefined before the
 * first piece.
 */
export interface Buffered {
  readonly text: string;
  readonly flushedAt: number | undefined;
}

export interface CoalesceRule {
  /** How long text is gathered after a piece, in ms. */
  readonly windowMs: number;
  /** Largest piece, in UTF-8 bytes. */
  readonly maxBytes: number;
}

export interface CoalesceInput {
  /** New text of the engine, or "". */
  readonly text: string;
  /** A write is in flight: text is gathered until the write ends. */
  readonly busy: boolean;
  /** Whether this call comes from a tick of the flush timer that all replies share. */
  readonly tick: boolean;
  /** Whether no more text follows. */
  readonly last: boolean;
}

export const EMPTY: Buffered = { text: "", flushedAt: undefined };

/**
 * Joins the engine's frames into fewer, larger pieces: the first text is written at once, later text once a window, at
 * a tick. An event costs about the same whatever its size. It costs less when many replies are written at the same
 * moment, because they share an fsync, a wake-up of Redis and one of each reader's edge. The pieces joined together are
 * exactly the text; no piece is larger than the rule allows, and none is cut inside a surrogate pair. Returns at most
 * one piece: call it again with empty text for the rest.
 */
export function coalesce(
  buffer: Buffered,
  { text, busy, tick, last }: CoalesceInput,
  now: number,
  rule: CoalesceRule,
): { buffer: Buffered; piece?: string } {
  const joined = buffer.text + text;
  const waiting = { ...buffer, text: joined };
  if (busy || joined === "") return { buffer: waiting };
  const full = joined.length >= rule.maxBytes;
  const due = buffer.flushedAt === undefined || (tick && now - buffer.flushedAt >= rule.windowMs);
  if (!last && !full && !due) return { buffer: waiting };
  const end = pieceEnd(joined, rule.maxBytes, last);
  if (end === 0) return { buffer: waiting };
  return { piece: joined.slice(0, end), buffer: { text: joined.slice(end), flushedAt: now } };
}

/**
 * The end of the longest piece that fits. Half of a surrogate pair at the end waits for its other half, unless no more
 * text follows.
 */
function pieceEnd(text: string, maxBytes: number, last: boolean): number {
  let end = text.length * 3 <= maxBytes ? text.length : encoder.encodeInto(text, new Uint8Array(maxBytes)).read;
  if (!last && end === text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
  return end;
}

const encoder = new TextEncoder();

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
