import { expect, it } from "vitest";
import { onePage, textOf } from "../../test/one-page.ts";
import { hasUnicodeCodes } from "./unicode-codes.ts";

it.each([
  ["<< /ToUnicode/Identity-H >>", true],
  ["<< /ToUnicode /Identity-V/Type /Font >>", true],
  ["<< /ToUnicode 8 0 R /Encoding /Identity-H >>", false],
  ["<< /Encoding /Identity-H >>", false],
])("fonts that name the map of each code to itself are found: %s", (font, isFound) => {
  expect(hasUnicodeCodes(Buffer.from(font))).toBe(isFound);
});

it("the codes of such a font are its letters", async () => {
  const font =
    "<< /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode /Identity-H >>";
  const objects = [
    "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Own /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 7 0 R /DW 600 >>",
    "<< /Type /FontDescriptor /FontName /Own /Flags 4 /FontBBox [0 0 600 700] /ItalicAngle 0 /Ascent 700 /Descent 0 /CapHeight 700 /StemV 80 >>",
  ];
  const text = "Za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105 ja\u017a\u0144, \u0441\u0430\u0434";
  const codes = [...text].map((sign) => (sign.codePointAt(0) as number).toString(16).padStart(4, "0")).join("");
  const content = `BT /F1 12 Tf 40 700 Td <${codes}> Tj ET`;
  expect(await textOf(onePage({ content, font, objects }))).toBe(text);
});
