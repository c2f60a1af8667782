import type { Pdfium } from "./pdfium.ts";

const [PATH, IMAGE, SHADING, FORM] = [2, 3, 4, 5] as const;
/** Pictures over so much of a page may be the page itself. */
const MUCH = 0.35;
/** Letters drawn as outlines come in hundreds. */
const MANY_PATHS = 100;
const MAX_OBJECTS = 5000;

/** Whether a page shows what may be text that only looking at it could read. */
export function pictured({ call, allocate, heap }: Pdfium, page: number): boolean {
  const count = Math.min(call.FPDFPage_CountObjects(page), MAX_OBJECTS);
  const area = call.FPDF_GetPageWidthF(page) * call.FPDF_GetPageHeightF(page);
  let covered = 0;
  let paths = 0;
  const at = allocate(16);
  const look = (object: number, deep: boolean): void => {
    const type = call.FPDFPageObj_GetType(object);
    if (type === PATH) paths++;
    if (type === FORM && deep) {
      const inner = Math.min(call.FPDFFormObj_CountObjects(object), MAX_OBJECTS);
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
