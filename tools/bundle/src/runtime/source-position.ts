/** The used fields of a source map: the names of the sources, and the positions, encoded as base 64 VLQ. */
export interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * Translates a position in the bundle to a position in a source. The first line and the first column have the number 1,
 * as in stack traces. The map is decoded only up to the line, and nothing is kept in memory: Node's own `SourceMap`
 * would keep an object for each of some 200,000 positions.
 */
export function sourceOf(
  { sources, mappings }: SourceMap,
  line: number,
  column: number,
): { source: string; line: number; column: number } | undefined {
  const [source, sourceLine, sourceColumn] = [1, 2, 3];
  // The fields of a segment: the column in the bundle; the number of the source, and the line and the column in it; the
  // number of the name.
  const values = [0, 0, 0, 0, 0];
  let best: number[] | undefined;
  for (const [index, text] of mappings.split(";", line).entries()) {
    values[0] = 0;
    if (text === "") continue;
    for (const segment of text.split(",")) {
      const fields = decode(segment);
      fields.forEach((delta, field) => (values[field] = (values[field] ?? 0) + delta));
      if (index === line - 1 && (values[0] ?? 0) < column) best = fields.length < 4 ? undefined : [...values];
    }
  }
  const name = sources[best?.[source] ?? -1];
  if (best === undefined || name === undefined) return undefined;
  return { source: name, line: (best[sourceLine] ?? 0) + 1, column: (best[sourceColumn] ?? 0) + 1 };
}

/** Decodes the numbers of a segment: five bits per digit, the lowest first; a number's lowest bit is its sign. */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let number = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = DIGITS.indexOf(character);
    number += (digit & 31) << shift;
    if (digit & 32) {
      shift += 5;
      continue;
    }
    numbers.push(number & 1 ? -(number >> 1) : number >> 1);
    number = 0;
    shift = 0;
  }
  return numbers;
}
