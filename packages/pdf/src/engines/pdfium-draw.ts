import { skewOf, type GreyPicture } from "../picture/skew.ts";
import type { Rotation } from "../text/rotation.ts";
import type { Pdfium } from "./pdfium.ts";

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
  const { call, heap } = pdfium;
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
    const [from, stride] = [call.FPDFBitmap_GetBuffer(bitmap), call.FPDFBitmap_GetStride(bitmap)];
    const grey = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      const start = from + row * stride;
      grey.set(heap().subarray(start, start + width), row * width);
    }
    return { width, height, grey };
  } finally {
    call.FPDFBitmap_Destroy(bitmap);
  }
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
