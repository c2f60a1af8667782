/** Text of the engine on its way into the log. `flushedAt` is undefined until the first piece has gone. */
export interface Buffered {
  readonly text: string;
  readonly flushedAt: number | undefined;
}

export interface CoalesceRule {
  /** How long a piece is gathered after the one before it. */
  readonly windowMs: number;
  /** Most UTF-8 bytes of a piece. */
  readonly maxBytes: number;
}

export interface Chunk {
  readonly text: string;
  /** A piece is on its way already: gather, whatever the clock says. */
  readonly busy: boolean;
  /** It is a beat of the clock that all replies share. */
  readonly beat: boolean;
  /** Nothing comes after this. */
  readonly last: boolean;
}

export const EMPTY: Buffered = { text: "", flushedAt: undefined };

/**
 * Joins engine frames into fewer, larger events: the first token at once, then one piece a window, at a beat. An event
 * costs about the same whatever it carries, and less when those of many replies are written at the same moment: they
 * share a wake-up of Redis and of each reader's edge, and a turn of the disk. Pieces joined are the text, unchanged; none is larger than the rule allows, and none is
 * cut inside a surrogate pair. At most one piece an input: call again with an empty chunk for the rest.
 */
export function coalesce(
  buffer: Buffered,
  { text, busy, beat, last }: Chunk,
  now: number,
  rule: CoalesceRule,
): { buffer: Buffered; piece?: string } {
  const joined = buffer.text + text;
  const waiting = { ...buffer, text: joined };
  if (busy || joined === "") return { buffer: waiting };
  const full = joined.length >= rule.maxBytes;
  const due = buffer.flushedAt === undefined || (beat && now - buffer.flushedAt >= rule.windowMs);
  if (!last && !full && !due) return { buffer: waiting };
  const end = pieceEnd(joined, rule.maxBytes, last);
  if (end === 0) return { buffer: waiting };
  return { piece: joined.slice(0, end), buffer: { text: joined.slice(end), flushedAt: now } };
}

/** Where the longest piece ends that fits; half of a pair at the very end waits for its other half while one may come. */
function pieceEnd(text: string, maxBytes: number, last: boolean): number {
  let end = text.length * 3 <= maxBytes ? text.length : encoder.encodeInto(text, new Uint8Array(maxBytes)).read;
  if (!last && end === text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
  return end;
}

const encoder = new TextEncoder();

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
