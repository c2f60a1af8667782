import type { Rules } from "../text/styled.ts";
import { rotatedBox, type Rotation } from "../text/rotation.ts";
import type { Pdfium } from "./pdfium.ts";

const [PATH, IMAGE, SHADING, FORM] = [2, 3, 4, 5] as const;
/** A page with more objects than this counts as a drawing, so its straight lines are not looked for. */
const MAX_OBJECTS = 20_000;
/** In points. A shape that is thinner counts as a line. A thicker shape counts as a box, and its edges as lines. */
const THIN = 3;
const MIN_LENGTH = 8;

/**
 * The straight lines of a page, such as those of tables. They are found from the rectangles around the drawn shapes.
 * Positions are those on the page turned so that text of the direction `rotation` is upright.
 */
export function rulesOf({ call, allocate, heap }: Pdfium, page: number, rotation: Rotation): Rules {
  const across: Array<Rules["across"][number]> = [];
  const upright: Array<Rules["upright"][number]> = [];
  const at = allocate(16);
  try {
    const count = call.FPDFPage_CountObjects(page);
    for (let index = 0; index < count && count <= MAX_OBJECTS; index++) {
      const object = call.FPDFPage_GetObject(page, index);
      if (call.FPDFPageObj_GetType(object) !== PATH) continue;
      if (!call.FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12)) continue;
      const bytes = heap();
      const [a = 0, b = 0, c = 0, d = 0] = new Float32Array(bytes.buffer, bytes.byteOffset + at, 4);
      const { left, bottom, right, top } = rotatedBox(rotation, { left: a, bottom: b, right: c, top: d });
      const [isFlat, isNarrow] = [top - bottom < THIN, right - left < THIN];
      if (right - left >= MIN_LENGTH)
        for (const y of isFlat ? [(top + bottom) / 2] : [top, bottom]) across.push({ y, left, right });
      if (top - bottom >= MIN_LENGTH)
        for (const x of isNarrow ? [(left + right) / 2] : [left, right]) upright.push({ x, bottom, top });
    }
  } finally {
    call.free(at);
  }
  return { across, upright };
}

/** A page may be a scan if pictures cover more than this part of it. */
const MUCH = 0.35;
/** A page with more paths than this may show letters that are drawn as paths. */
const MANY_PATHS = 100;
const MAX_LOOKS = 5000;

/** Whether a page shows something that may be text that only OCR can read. */
export function pictured({ call, allocate, heap }: Pdfium, page: number): boolean {
  const count = Math.min(call.FPDFPage_CountObjects(page), MAX_LOOKS);
  const area = call.FPDF_GetPageWidthF(page) * call.FPDF_GetPageHeightF(page);
  let covered = 0;
  let paths = 0;
  const at = allocate(16);
  const look = (object: number, deep: boolean): void => {
    const type = call.FPDFPageObj_GetType(object);
    if (type === PATH) paths++;
    if (type === FORM && deep) {
      const inner = Math.min(call.FPDFFormObj_CountObjects(object), MAX_LOOKS);
      for (let index = 0; index < inner; index++) look(call.FPDFFormObj_GetObject(object, index), false);
    }
    if (type !== IMAGE && type !== SHADING) return;
    if (!call.FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12)) return;
    const bytes = heap();
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 16);
    const side = (low: number, high: number): number => view.getFloat32(high, true) - view.getFloat32(low, true);
    covered += side(0, 8) * side(4, 12);
  };
  try {
    for (let index = 0; index < count; index++) look(call.FPDFPage_GetObject(page, index), true);
  } finally {
    call.free(at);
  }
  return covered > MUCH * area || paths > MANY_PATHS;
}
