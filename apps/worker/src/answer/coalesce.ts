/**
 * Text of the engine that waits to be written. `flushedAt`: when text for a delta was last taken from this buffer, in
 * ms; undefined before the first delta.
 */
export interface Buffered {
  readonly text: string;
  readonly flushedAt: number | undefined;
}

export interface CoalesceRule {
  /** After text for a delta was taken from the buffer, further text is gathered for this many ms. */
  readonly windowMs: number;
  /** The most UTF-8 bytes of one delta. */
  readonly maxBytes: number;
}

export interface CoalesceInput {
  /** The text that the engine has just sent, or "". */
  readonly text: string;
  /** Whether a write is in flight; then text is gathered until the write ends. */
  readonly busy: boolean;
  /** Whether this call comes from a tick of the flush timer; all replies of the process share the timer. */
  readonly tick: boolean;
  /** Whether the engine's reply has ended, so that no more text follows. */
  readonly last: boolean;
}

export const EMPTY: Buffered = { text: "", flushedAt: undefined };

/**
 * Joins the engine's pieces into fewer, larger deltas, because an event costs about the same whatever its size. The
 * first text becomes a delta at once. Later text becomes a delta when it fills one, or else once in each window, at a
 * tick of the timer that all replies share. So replies that are written at the same moment share an fsync, a wake-up of
 * Redis and a wake-up of each reader's edge.
 *
 * All deltas joined are exactly the text. No delta is larger than the rule allows, and none is cut inside a surrogate
 * pair. One call returns the text of at most one delta; further calls with empty text return the rest.
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
 * Returns where the longest delta ends that fits into `maxBytes`. If the text ends with the first half of a surrogate
 * pair, this half is left for the next delta, unless no more text follows.
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
