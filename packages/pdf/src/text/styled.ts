/** A horizontal extent, in points. */
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
 * The straight lines that are drawn on a page: horizontal ones (`across`) and vertical ones (`upright`). In points from
 * the left and from the bottom.
 */
export interface Rules {
  readonly across: ReadonlyArray<Extent & { readonly y: number }>;
  readonly upright: ReadonlyArray<{ readonly x: number; readonly bottom: number; readonly top: number }>;
}
export const NO_RULES: Rules = { across: [], upright: [] };
