import { expect, it } from "vitest";
import { withoutRepeats } from "./actual-text.ts";
import type { Pdfium } from "./pdfium.ts";

/*
 * What PDFium returns for clusters that Chromium has drawn: the text of a cluster for its letter, and again for the mark
 * above the letter.
 */

/**
 * A part of PDFium's text. `object` 0: PDFium has made it. `mark`: the object's ActualText; 0 if it has none. `right`:
 * where its ink ends; PDFium gives no box if it is left out.
 */
type Part = readonly [text: string, object: number, x: number, more?: { mark?: number; y?: number; right?: number }];

function read(...parts: readonly Part[]): string {
  const chars = parts.flatMap(([text, object, x, { mark = 0, y = 700, right } = {}]) =>
    [...text].map((sign) => ({ sign, object, x, y, mark, right })),
  );
  const memory = new ArrayBuffer(64);
  const call = {
    FPDFText_GetTextObject: (_text: number, index: number) => chars[index]?.object ?? 0,
    FPDFPageObj_CountMarks: () => 1,
    FPDFPageObj_GetMark: (object: number) => chars.find((char) => char.object === object)?.mark ?? 0,
    FPDFPageObjMark_GetParamValueType: () => 3,
    FPDFText_GetCharOrigin(_text: number, index: number, x: number, y: number) {
      const char = chars[index];
      if (!char) return 0;
      new Float64Array(memory, x, 1)[0] = char.x;
      new Float64Array(memory, y, 1)[0] = char.y;
      return 1;
    },
    FPDFText_GetCharBox(_text: number, index: number, left: number, right: number) {
      const char = chars[index];
      if (char?.right === undefined) return 0;
      new Float64Array(memory, left, 1)[0] = char.x;
      new Float64Array(memory, right, 1)[0] = char.right;
      return 1;
    },
    FPDFText_GetFontSize: () => 12,
    FPDFText_GetMatrix: () => 0,
    FPDFPage_CountObjects: () => 0,
    free: () => undefined,
  };
  const pdfium = { call, allocate: () => 0, heap: () => new Uint8Array(memory) } as unknown as Pdfium;
  const text = chars.map(({ sign }) => sign).join("");
  return withoutRepeats(pdfium, { page: 1, text: 1 }, { text }).text;
}

const [SI, THI, SU, NGO] = ["\u0e2a\u0e34", "\u0e17\u0e35\u0e48", "\u0e2a\u0e39", "\u0e07"];
const NEXT = { y: 680 };

it("a line end that PDFium writes after a repeated text within a line is a blank, whose width can be measured", () => {
  const first = [THI, 1, 72, { mark: 9 }] as const;
  const again = [THI, 2, 79, { mark: 9 }] as const;
  expect(read(first, again, ["\r\n", 0, 79], [SU, 3, 80])).toBe(`${THI} ${SU}`);
  expect(read(first, [" ", 0, 78], again, ["\r\n", 0, 79], [SU, 3, 80])).toBe(`${THI} ${SU}`);
});

it("a line end that PDFium writes before a repeated text within a line is a blank", () => {
  const parts: Part[] = [
    [SI, 1, 72, { mark: 9 }],
    [NGO, 2, 79],
    ["\r\n", 0, 85],
    [SI, 3, 78, { mark: 9 }],
  ];
  expect(read(...parts, [" ", 0, 79], [SU, 4, 86])).toBe(`${SI}${NGO} ${SU}`);
  expect(read(...parts, ["\r\n", 0, 79], [SU, 4, 84])).toBe(`${SI}${NGO} ${SU}`);
});

it("a line end after a repeated text stays where the line ends, without a blank that PDFium made before", () => {
  const first = [THI, 1, 300, { mark: 9 }] as const;
  const again = [THI, 2, 307, { mark: 9 }] as const;
  expect(read(first, again, ["\r\n", 0, 307], [SU, 3, 72, NEXT])).toBe(`${THI}\r\n${SU}`);
  expect(read(first, [" ", 0, 306], again, ["\r\n", 0, 307], [SU, 3, 72, NEXT])).toBe(`${THI}\r\n${SU}`);
  expect(read(first, [" ", 4, 306], again, ["\r\n", 0, 307], [SU, 3, 72, NEXT])).toBe(`${THI} \r\n${SU}`);
});

it("a line end stays where the next text is on the same baseline, but to the left", () => {
  expect(read([THI, 1, 300, { mark: 9 }], [THI, 2, 307, { mark: 9 }], ["\r\n", 0, 307], [SU, 3, 72])).toBe(
    `${THI}\r\n${SU}`,
  );
});

it("a line end after a repeated text stays where the next text is as far away as another cell", () => {
  const first = [THI, 1, 72, { mark: 9, right: 80 }] as const;
  const again = [THI, 2, 79, { mark: 9, right: 80 }] as const;
  const next = (x: number): string => read(first, again, ["\r\n", 0, 79], [SU, 3, x, { right: x + 8 }]);
  expect(next(120)).toBe(`${THI}\r\n${SU}`);
  expect(next(84)).toBe(`${THI} ${SU}`);
});

it("a line end that PDFium writes within a word, beside a repeated text, is left out", () => {
  const first = [THI, 1, 72, { mark: 9, right: 80 }] as const;
  const again = [THI, 2, 79, { mark: 9, right: 80 }] as const;
  const next = [SU, 3, 82.4, { right: 90 }] as const;
  expect(read(first, again, ["\r\n", 0, 79], next)).toBe(`${THI}${SU}`);
  expect(read(first, ["\r\n", 0, 79], again, ["\r\n", 0, 79], next)).toBe(`${THI}${SU}`);
});
