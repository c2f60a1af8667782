import type { GreyPicture } from "./skew.ts";

/** A picture is divided into this many tiles in each direction. */
const TILES = 16;
/** Of each tile, about this many pixels are looked at. */
const SAMPLES = 400;
/** The background of a tile is the brightness that this part of its pixels does not exceed: the rest is brighter. */
const BACKGROUND = 0.8;
/** A tile is dark if its background is below this part of the brightest background. */
const DARK = 0.7;
/** The light is uneven if at least this part of the tiles is dark. */
const DARK_TILES = 0.04;

/**
 * Whether a page is lit unevenly, as in a photo with a shadow: parts of its background are much darker than others. Then
 * one threshold between black and white for the whole page would lose words. A page with large dark pictures counts, too.
 */
export function isLitUnevenly({ width, height, grey }: GreyPicture): boolean {
  const backgrounds: number[] = [];
  // The tiles at the edges are left out: many scans have a black border.
  for (let row = 1; row < TILES - 1; row++)
    for (let column = 1; column < TILES - 1; column++) {
      const place = (at: number, length: number): number => Math.floor((at * length) / TILES);
      const [left, top] = [place(column, width), place(row, height)];
      const [right, bottom] = [place(column + 1, width), place(row + 1, height)];
      backgrounds.push(backgroundOf(grey, width, { left, right, top, bottom }));
    }
  const brightest = Math.max(...backgrounds);
  return backgrounds.filter((one) => one < DARK * brightest).length >= DARK_TILES * backgrounds.length;
}

interface Tile {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function backgroundOf(grey: Uint8Array, width: number, { left, right, top, bottom }: Tile): number {
  const step = Math.max(1, Math.floor(Math.sqrt(((right - left) * (bottom - top)) / SAMPLES)));
  const pixels: number[] = [];
  for (let y = top; y < bottom; y += step)
    for (let x = left; x < right; x += step) pixels.push(grey[y * width + x] ?? 0);
  return pixels.toSorted((one, other) => one - other)[Math.floor(BACKGROUND * pixels.length)] ?? 255;
}
