import type { Box } from "../text/rotation.ts";

/** An element of a page's structure tree: a part of the text, and what the program that wrote the file says it is. */
export interface Tag {
  /** The standard name of the element's kind, such as `P`, `H1`, `Table`. */
  readonly role: string;
  /** The index of the element that contains this one; undefined if there is none. */
  readonly parent: number | undefined;
  /** How many rows and columns the cell of a table has; 1 for other elements. */
  readonly rowSpan: number;
  readonly columnSpan: number;
}

/** Text that is drawn at once, and so belongs to one element. */
export interface TaggedRun extends Box {
  readonly tag: number;
}

/**
 * What the tags of a page state. Each element comes after the element that contains it. The positions of the runs are
 * those on the page turned so that its text is upright.
 */
export interface Tags {
  readonly elements: readonly Tag[];
  readonly runs: readonly TaggedRun[];
}
