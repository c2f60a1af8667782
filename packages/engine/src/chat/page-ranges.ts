/**
 * Ranges of page numbers; the first page is 1. Both ends belong to a range. The ranges are in order and do not touch.
 */
export type PageRanges = ReadonlyArray<readonly [from: number, to: number]>;

export function rangesOf(pages: Iterable<number>): PageRanges {
  const runs: Array<[number, number]> = [];
  for (const page of [...pages].toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && page <= run[1] + 1) run[1] = page;
    else runs.push([page, page]);
  }
  return runs;
}

/** Returns the ranges as text for people and models: `1-3, 7`. */
export function rangesText(ranges: PageRanges): string {
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

export function hasPage(ranges: PageRanges, page: number): boolean {
  return ranges.some(([from, to]) => page >= from && page <= to);
}
