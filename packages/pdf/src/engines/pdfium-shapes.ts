import type { Rules } from "../text/styled.ts";
import { rotatedBox, type Box, type Rotation } from "../text/rotation.ts";
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

/**
 * MAX_SHAPES: the most pictures and paths of a page that are found. MAX_SEEN: the most objects that are looked at for
 * that, texts included. MAX_DEPTH: how deep forms may lie in forms.
 */
const [MAX_SHAPES, MAX_SEEN, MAX_DEPTH] = [5000, 50_000, 4] as const;
/** In points. A larger letter is a watermark or a title: what it lies over is not its text. */
const MAX_LETTER = 40;

type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];
const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];

/** The boxes of the pictures and paths of a page, also of those inside forms. */
export function shapesOf({ call, allocate, heap }: Pdfium, page: number): { pictures: Box[]; paths: Box[] } {
  const [pictures, paths]: [Box[], Box[]] = [[], []];
  const at = allocate(24);
  let seen = 0;
  const floats = (count: number): number[] => {
    const bytes = heap();
    return [...new Float32Array(bytes.buffer, bytes.byteOffset + at, count)];
  };
  const isEnough = (): boolean => seen >= MAX_SEEN || pictures.length + paths.length >= MAX_SHAPES;
  const look = (object: number, matrix: Matrix, depth: number): void => {
    seen++;
    const type = call.FPDFPageObj_GetType(object);
    if (type === FORM && depth < MAX_DEPTH && call.FPDFPageObj_GetMatrix(object, at)) {
      const inner = product(floats(6) as unknown as Matrix, matrix);
      const count = call.FPDFFormObj_CountObjects(object);
      for (let index = 0; index < count && !isEnough(); index++)
        look(call.FPDFFormObj_GetObject(object, index), inner, depth + 1);
    }
    if (type !== IMAGE && type !== PATH) return;
    if (!call.FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12)) return;
    const [left = 0, bottom = 0, right = 0, top = 0] = floats(4);
    const box = mapped({ left, right, bottom, top }, matrix);
    if (type === IMAGE) pictures.push(box);
    else paths.push(box);
  };
  try {
    const count = call.FPDFPage_CountObjects(page);
    for (let index = 0; index < count && !isEnough(); index++) look(call.FPDFPage_GetObject(page, index), IDENTITY, 0);
  } finally {
    call.free(at);
  }
  return { pictures, paths };
}

/** The matrix that maps first as `one` does, and then as `other` does. */
function product([a, b, c, d, e, f]: Matrix, [g, h, i, j, k, l]: Matrix): Matrix {
  return [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l];
}

function mapped({ left, right, bottom, top }: Box, [a, b, c, d, e, f]: Matrix): Box {
  const corners = [left, right].flatMap((x) => [bottom, top].map((y) => [a * x + c * y + e, b * x + d * y + f]));
  const [xs, ys] = [corners.map(([x = 0]) => x), corners.map(([, y = 0]) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), bottom: Math.min(...ys), top: Math.max(...ys) };
}

/** The boxes of the letters of a page, except very large ones. */
export function letterBoxes({ call, allocate, heap }: Pdfium, text: number): Box[] {
  const found: Box[] = [];
  const at = allocate(32);
  try {
    const count = call.FPDFText_CountChars(text);
    for (let index = 0; index < count; index++) {
      if (!call.FPDFText_GetCharBox(text, index, at, at + 8, at + 16, at + 24)) continue;
      const bytes = heap();
      const [left = 0, right = 0, bottom = 0, top = 0] = new Float64Array(bytes.buffer, bytes.byteOffset + at, 4);
      const [width, height] = [right - left, top - bottom];
      if (width > 0 && height > 0 && Math.max(width, height) <= MAX_LETTER) found.push({ left, right, bottom, top });
    }
  } finally {
    call.free(at);
  }
  return found;
}
