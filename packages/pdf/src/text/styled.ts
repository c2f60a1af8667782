/** From where to where something reaches horizontally, in points from the left. */
export interface Extent {
  readonly left: number;
  readonly right: number;
}

/** The style of a line's letters, and the extents of its words. */
export interface Style {
  readonly bold: boolean;
  /** Whether all letters have the same width. */
  readonly mono: boolean;
  readonly words: readonly Extent[];
}

/**
 * The straight lines that are drawn on a page, in points from the left and from the bottom. `across`: horizontal lines.
 * `upright`: vertical lines.
 */
export interface Rules {
  readonly across: ReadonlyArray<Extent & { readonly y: number }>;
  readonly upright: ReadonlyArray<{ readonly x: number; readonly bottom: number; readonly top: number }>;
}
export const NO_RULES: Rules = { across: [], upright: [] };

/** What a line is, as the tags of its page state. */
export interface LineRole {
  readonly kind: "heading" | "item" | "note";
  /** The index of the heading, item or footnote to which the line belongs. */
  readonly element: number;
  /** The level of a heading, from 1; how many items contain this item. */
  readonly level: number;
  /** The words at the line's beginning that are the label of an item, such as `•` or `2.`. */
  readonly label: string;
}
