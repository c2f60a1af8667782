/** Where a page is scrolled to, in CSS pixels. */
export interface Position {
  readonly top: number;
  /** Height of the whole content, and of the part that can be seen. */
  readonly height: number;
  readonly view: number;
}

/** Browsers round: at the end, a fraction of a pixel may be left. */
const AT_END = 2;

export function isAtEnd({ top, height, view }: Position): boolean {
  return height - top - view <= AT_END;
}

/**
 * Whether the page follows an answer's end, after the page was scrolled. It stops as soon as a reader scrolls up, by
 * however little, and begins again at the very end. Content that grows moves the end away, not the reader.
 */
export function followsAfter(follows: boolean, before: Position, now: Position): boolean {
  if (isAtEnd(now)) return true;
  return now.top < before.top ? false : follows;
}
