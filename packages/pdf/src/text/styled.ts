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
