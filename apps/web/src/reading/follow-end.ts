/** A scroll position, in CSS pixels. */
export interface Position {
  readonly top: number;
  /** The height of the whole content. `view` is the height of the part that can be seen. */
  readonly height: number;
  readonly view: number;
}

/** At most this many CSS pixels above the end count as the end, because browsers round positions. */
const AT_END = 2;

export function isAtEnd({ top, height, view }: Position): boolean {
  return height - top - view <= AT_END;
}

/**
 * Whether the page follows the end of an answer after the page has scrolled. Following stops as soon as the reader
 * scrolls up, however little, and begins again at the very end. Growing content moves the end away and does not count
 * as scrolling.
 */
export function followsAfter(follows: boolean, before: Position, now: Position): boolean {
  if (isAtEnd(now)) return true;
  return now.top < before.top ? false : follows;
}
