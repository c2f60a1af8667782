import { areaOf, figuresOf } from "../picture/figures.ts";
import { skewOf, type GreyPicture } from "../picture/skew.ts";
import type { Box, Rotation } from "../text/rotation.ts";
import type { Pdfium } from "./pdfium.ts";
import { shapesOf } from "./pdfium-shapes.ts";

/** Dots per point. OCR works best at 300 dots per inch; an inch has 72 points. */
const DOTS_PER_POINT = 300 / 72;
/**
 * How many pixels a drawn page has at most, because WASM memory and the time for OCR grow with the pixels. A larger
 * page is drawn with fewer dots per point.
 */
const MAX_PIXELS = 12_000_000;
const GREY = 1;
const WHITE = 0xffffffff;
const ANNOTATIONS = 0x01;

/**
 * Draws a page as a PGM file (a grey picture), turned clockwise by `rotation` quarter turns. If the lines of text are
 * not level in this picture, draws the page again, turned until they are. Turning the picture itself would lose detail.
 */
export function draw(pdfium: Pdfium, page: number, rotation: Rotation = 0): Uint8Array {
  const asItIs = drawn(pdfium, page, { rotation, skew: 0 });
  const skew = skewOf(asItIs);
  return pgmOf(skew === 0 ? asItIs : drawn(pdfium, page, { rotation, skew }));
}

/**
 * Draws a page. `skew`: by how many degrees its lines of text fall to the right. The page is turned back by this angle,
 * so that the lines are level.
 */
function drawn(pdfium: Pdfium, page: number, how: { readonly rotation: Rotation; readonly skew: number }): GreyPicture {
  const { call } = pdfium;
  const [wide, high] = [call.FPDF_GetPageWidthF(page), call.FPDF_GetPageHeightF(page)];
  const scale = Math.min(DOTS_PER_POINT, Math.sqrt(MAX_PIXELS / (wide * high)));
  const across = [Math.max(1, Math.floor(wide * scale)), Math.max(1, Math.floor(high * scale))] as const;
  const [width, height] = how.rotation % 2 === 0 ? across : [across[1], across[0]];
  const bitmap = call.FPDFBitmap_CreateEx(width, height, GREY, 0, 0);
  if (bitmap === 0) throw new Error("no memory for the page's picture");
  try {
    call.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
    if (how.skew === 0) call.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, how.rotation, ANNOTATIONS);
    else drawLevel(pdfium, { bitmap, page, width, height }, { ...how, scale, wide, high });
    return { width, height, grey: pixelsOf(pdfium, bitmap, width, height) };
  } finally {
    call.FPDFBitmap_Destroy(bitmap);
  }
}

/** The pixels of a grey bitmap, from the top left. */
function pixelsOf({ call, heap }: Pdfium, bitmap: number, width: number, height: number): Uint8Array {
  const [from, stride] = [call.FPDFBitmap_GetBuffer(bitmap), call.FPDFBitmap_GetStride(bitmap)];
  const grey = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = from + row * stride;
    grey.set(heap().subarray(start, start + width), row * width);
  }
  return grey;
}

interface Target {
  readonly bitmap: number;
  readonly page: number;
  readonly width: number;
  readonly height: number;
}

/** Draws the page turned about its middle: by `rotation` quarter turns clockwise, and back by `skew` degrees. */
function drawLevel(
  { call, allocate, heap }: Pdfium,
  { bitmap, page, width, height }: Target,
  {
    rotation,
    skew,
    scale,
    wide,
    high,
  }: { rotation: Rotation; skew: number; scale: number; wide: number; high: number },
): void {
  const angle = (rotation * Math.PI) / 2 - (skew * Math.PI) / 180;
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const [x, y] = [wide / 2, high / 2];
  const matrix = [cos, sin, -sin, cos, width / 2 - cos * x + sin * y, height / 2 - sin * x - cos * y];
  const at = allocate(40);
  try {
    new Float32Array(heap().buffer, at, 10).set([...matrix, 0, 0, width, height]);
    call.FPDF_RenderPageBitmapWithMatrix(bitmap, page, at, at + 24, ANNOTATIONS);
  } finally {
    call.free(at);
  }
}

function pgmOf({ width, height, grey }: GreyPicture): Uint8Array {
  const header = Buffer.from(`P5 ${width} ${height} 255\n`);
  const pgm = new Uint8Array(header.length + grey.length);
  pgm.set(header);
  pgm.set(grey, header.length);
  return pgm;
}

interface Illustrated {
  readonly page: number;
  /** The boxes of the letters of the page's text. */
  readonly letters: readonly Box[];
  /** The page's visible box. */
  readonly visible: Box;
  /** By how many clockwise quarter turns the page, as it is shown, becomes upright. */
  readonly rotation: Rotation;
}

/**
 * Draws each figure of a page as a PGM file (a grey picture), without the letters that the page's text has already. The
 * figures are in reading order: from top to bottom, and from left to right. All pictures of a page together have at most
 * MAX_PIXELS pixels.
 */
export function drawFigures(pdfium: Pdfium, where: Illustrated): Uint8Array[] {
  const { page, letters, visible } = where;
  const figures = figuresOf(shapesOf(pdfium, page), { visible, letters: () => letters });
  const area = figures.reduce((sum, figure) => sum + areaOf(figure), 0);
  const shown = shownAt(pdfium, where, Math.min(DOTS_PER_POINT, Math.sqrt(MAX_PIXELS / area)));
  const placed = figures.map((figure) => ({
    figure,
    place: pixelBox(pdfium, shown, figure),
  }));
  return placed
    .toSorted(({ place: one }, { place: other }) => one.top - other.top || one.left - other.left)
    .map(({ figure }) => drawnFigure(pdfium, { ...shown, letters }, figure));
}

function drawnFigure(pdfium: Pdfium, shown: Shown & Pick<Illustrated, "letters">, figure: Box): Uint8Array {
  const { call } = pdfium;
  const { left, top, right, bottom } = pixelBox(pdfium, shown, figure);
  const [width, height] = [Math.max(1, right - left), Math.max(1, bottom - top)];
  const bitmap = call.FPDFBitmap_CreateEx(width, height, GREY, 0, 0);
  if (bitmap === 0) throw new Error("no memory for the figure's picture");
  try {
    call.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
    call.FPDF_RenderPageBitmap(bitmap, shown.page, -left, -top, shown.wide, shown.high, shown.rotation, 0);
    for (const letter of shown.letters) {
      if (letter.right < figure.left || letter.left > figure.right) continue;
      if (letter.top < figure.bottom || letter.bottom > figure.top) continue;
      const box = pixelBox(pdfium, shown, letter);
      const [x, y] = [box.left - left, box.top - top];
      call.FPDFBitmap_FillRect(bitmap, x - 1, y - 1, box.right - box.left + 2, box.bottom - box.top + 2, WHITE);
    }
    return pgmOf({ width, height, grey: pixelsOf(pdfium, bitmap, width, height) });
  } finally {
    call.FPDFBitmap_Destroy(bitmap);
  }
}

interface Shown {
  readonly page: number;
  readonly rotation: Rotation;
  /** The size of the whole page in pixels. */
  readonly wide: number;
  readonly high: number;
}

/** The whole page, drawn with so many pixels for each point. */
function shownAt({ call }: Pdfium, { page, rotation }: Illustrated, scale: number): Shown {
  const sides = [call.FPDF_GetPageWidthF(page), call.FPDF_GetPageHeightF(page)].map((side) => Math.ceil(side * scale));
  const [wide = 1, high = 1] = rotation % 2 === 0 ? sides : sides.toReversed();
  return { page, rotation, wide, high };
}

/** Where a box of the page is in its picture: in pixels, from the left and from the top. */
function pixelBox({ call, allocate, heap }: Pdfium, { page, rotation, wide, high }: Shown, box: Box): Box {
  const at = allocate(8);
  try {
    const corner = (x: number, y: number): readonly [number, number] => {
      call.FPDF_PageToDevice(page, 0, 0, wide, high, rotation, x, y, at, at + 4);
      const bytes = heap();
      const [across = 0, down = 0] = new Int32Array(bytes.buffer, bytes.byteOffset + at, 2);
      return [across, down];
    };
    const [one, other] = [corner(box.left, box.bottom), corner(box.right, box.top)];
    return {
      left: Math.min(one[0], other[0]),
      right: Math.max(one[0], other[0]),
      top: Math.min(one[1], other[1]),
      bottom: Math.max(one[1], other[1]),
    };
  } finally {
    call.free(at);
  }
}
