import type { Rules } from "../text/styled.ts";
import { turnedBox, type Turn } from "../text/turn.ts";
import type { Pdfium } from "./pdfium.ts";

const PATH = 2;
/** A drawing of more than so many parts is no table. */
const MAX_OBJECTS = 20_000;
/** Thinner shapes are lines, in points; of larger ones the edges count, since cells may be boxes. */
const THIN = 3;
const MIN_LENGTH = 8;

/** The straight lines of a page, by the bounds of what it draws: those of tables among them. Places as in `readLines`. */
export function rulesOf({ call, allocate, heap }: Pdfium, page: number, turn: Turn): Rules {
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
      const { left, bottom, right, top } = turnedBox(turn, { left: a, bottom: b, right: c, top: d });
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
