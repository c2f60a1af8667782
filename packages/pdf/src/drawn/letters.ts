import type { Rotation } from "../text/rotation.ts";

/** The place of a character on the page, in points from the left and from the bottom. */
export interface Place {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  /** The font size with which the character is drawn, in points. */
  readonly size: number;
  /** The direction of its text, on the page before any rotation; undefined if this is not one of four. */
  readonly direction?: Rotation | undefined;
}

/** The drawn characters of a page's text, by their indexes in it. */
export interface DrawnLetters {
  of(index: number): Place | undefined;
  /** The gap between the advance widths of two characters, in points; negative if they overlap. */
  advanceGap(one: number, other: number): number;
  /** Whether PDFium has made this character, for example a blank from a gap. */
  isGenerated(index: number): boolean;
  /** The text object to which a character belongs; 0 if there is none. */
  objectOf(index: number): number;
}
