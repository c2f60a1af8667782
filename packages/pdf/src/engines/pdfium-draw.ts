import type { Pdfium } from "./pdfium.ts";

/** What OCR is made for … */
const DOTS_PER_POINT = 300 / 72;
/** … and what a page of any size may come to: 12 bytes of WASM memory and 4 s of OCR a thousand of them. */
const MAX_PIXELS = 12_000_000;
const GREY = 1;
const WHITE = 0xffffffff;
const ANNOTATIONS = 0x01;

/** A page as a PGM file, in grey. */
export function draw({ call, heap }: Pdfium, page: number): Uint8Array {
  const [wide, high] = [call.FPDF_GetPageWidthF(page), call.FPDF_GetPageHeightF(page)];
  const scale = Math.min(DOTS_PER_POINT, Math.sqrt(MAX_PIXELS / (wide * high)));
  const [width, height] = [Math.max(1, Math.floor(wide * scale)), Math.max(1, Math.floor(high * scale))];
  const bitmap = call.FPDFBitmap_CreateEx(width, height, GREY, 0, 0);
  if (bitmap === 0) throw new Error("no memory for the page's picture");
  try {
    call.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
    call.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, ANNOTATIONS);
    const [from, stride] = [call.FPDFBitmap_GetBuffer(bitmap), call.FPDFBitmap_GetStride(bitmap)];
    const header = Buffer.from(`P5 ${width} ${height} 255\n`);
    const pgm = new Uint8Array(header.length + width * height);
    pgm.set(header);
    for (let row = 0; row < height; row++) {
      const start = from + row * stride;
      pgm.set(heap().subarray(start, start + width), header.length + row * width);
    }
    return pgm;
  } finally {
    call.FPDFBitmap_Destroy(bitmap);
  }
}
