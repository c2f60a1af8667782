/** A picture with more pixels than this is reduced before lines of text are looked for. */
const PIXELS = 1_000_000;
/** A pixel is at the lower edge of a letter if it is darker than the pixel below it by more than this, of 255. */
const EDGE = 36;
const MAX_EDGES = 60_000;
/**
 * In degrees. MAX_DEGREES: up to which skew the search goes; scanned pages are hardly ever skewed more. STEP and FINE:
 * the steps of the first and of the second search. MIN_DEGREES: a smaller skew counts as none.
 */
const [MAX_DEGREES, STEP, FINE, MIN_DEGREES] = [15, 0.5, 0.05, 0.25] as const;
/** A skew counts only if its `fit` (see `skewOf`) is more than this many times that of level lines. */
const BETTER = 1.08;

export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8Array;
}

/**
 * By how many degrees the lines of text on a page fall to the right; 0 if they are level or there are none. For many
 * slopes, the lower edges of letters are counted along lines of this slope. At the slope of the text, most edges are on
 * few of these lines.
 */
export function skewOf(picture: GreyPicture): number {
  const { width, height, grey } = reduced(picture);
  const [xs, ys] = lowerEdges({ width, height, grey });
  const rows = new Uint32Array(2 * height + 2 * width);
  const fit = (degrees: number): number => {
    const slope = Math.tan((degrees * Math.PI) / 180);
    rows.fill(0);
    for (let at = 0; at < xs.length; at++) {
      const row = Math.round((ys[at] as number) - (xs[at] as number) * slope) + width;
      rows[row] = (rows[row] as number) + 1;
    }
    return rows.reduce((sum, count) => sum + count * count, 0);
  };
  const best = (from: number, to: number, step: number): number => {
    let [found, most] = [0, -1];
    for (let degrees = from; degrees <= to; degrees += step) {
      const here = fit(degrees);
      if (here > most) [found, most] = [degrees, here];
    }
    return found;
  };
  const near = best(-MAX_DEGREES, MAX_DEGREES, STEP);
  const degrees = best(near - STEP, near + STEP, FINE);
  return Math.abs(degrees) >= MIN_DEGREES && fit(degrees) > BETTER * fit(0) ? degrees : 0;
}

/** Reduces a picture to at most PIXELS pixels. Each new pixel is the mean of a square of pixels. */
function reduced({ width, height, grey }: GreyPicture): GreyPicture {
  const side = Math.max(1, Math.ceil(Math.sqrt((width * height) / PIXELS)));
  if (side === 1) return { width, height, grey };
  const [columns, lines] = [Math.floor(width / side), Math.floor(height / side)];
  const sums = new Uint32Array(columns);
  const small = new Uint8Array(columns * lines);
  for (let line = 0; line < lines; line++) {
    sums.fill(0);
    for (let y = line * side; y < (line + 1) * side; y++) {
      let at = y * width;
      for (let column = 0; column < columns; column++)
        for (let x = 0; x < side; x++) sums[column] = (sums[column] as number) + (grey[at++] as number);
    }
    for (let column = 0; column < columns; column++)
      small[line * columns + column] = (sums[column] as number) / (side * side);
  }
  return { width: columns, height: lines, grey: small };
}

function lowerEdges({ width, height, grey }: GreyPicture): [number[], number[]] {
  const edges: number[] = [];
  for (let at = 0; at < width * (height - 1); at++)
    if ((grey[at + width] as number) - (grey[at] as number) > EDGE) edges.push(at);
  const step = Math.max(1, Math.ceil(edges.length / MAX_EDGES));
  const some = edges.filter((_, index) => index % step === 0);
  return [some.map((at) => at % width), some.map((at) => Math.floor(at / width))];
}
