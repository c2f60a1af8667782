import { expect, it } from "vitest";
import type { Letters } from "./pdfium-letters.ts";
import { stackedParts } from "./pdfium-lines.ts";

it("words in rows of their own, which PDFium takes for one, are parts; the last one keeps PDFium's hyphen", () => {
  const raw = "Key ofthe exam\ufffe";
  const row = (at: number): number => (at < raw.indexOf("the") ? 700 : 640);
  const of = (at: number): object => ({ left: at * 5, right: at * 5 + 5, baseline: row(at), size: 10 });
  const letters = { of, isUpright: () => true } as unknown as Letters;
  const parts = stackedParts({ raw, letters }, 0, { last: raw.length - 2, end: raw.length });
  expect(parts.map(([from, to]) => raw.slice(from, to))).toEqual(["Key of", "the exam\ufffe"]);
});
