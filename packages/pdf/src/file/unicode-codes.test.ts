import { type PdfObject } from "@docrelay/testkit";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { onePage, readFirst, textOf } from "../../test/one-page.ts";
import { hasUnicodeCodes } from "./unicode-codes.ts";

const IDENTITY = "/ToUnicode /Identity-H";
const type0 = (entries: string): string => `4 0 obj << /Type /Font /Subtype /Type0 ${entries} >> endobj\n`;
const cidFont = (entries: string): string => `5 0 obj << /Subtype /CIDFontType2 /BaseFont /Own ${entries} >> endobj\n`;
const simple = (entries: string): string => `6 0 obj << /Type/Font/Subtype/${entries} >> endobj\n`;
const GLYPHS = "9 0 obj << /Type /FontDescriptor /FontFile2 10 0 R >> endobj\n";
const mapped = (entries: string, more = ""): string =>
  `${type0("/Encoding /Identity-H /ToUnicode 8 0 R")}8 0 obj << /Length 9 >> stream\nbegincmap ${entries} endcmap\nendstream endobj\n${more}`;
const ALL = "1 beginbfrange\n<0000> <FFFF> <0000>\nendbfrange";
const glyphMap = cidFont("/CIDToGIDMap 8 0 R");
const own = type0(IDENTITY) + cidFont("/CIDToGIDMap 8 0 R") + GLYPHS;

it.each([
  ["the name of the map", type0("/ToUnicode/Identity-H"), true],
  ["the name of the map for vertical text", type0("/ToUnicode /Identity-V/Encoding /Identity-V"), true],
  ["a map", type0("/ToUnicode 8 0 R /Encoding /Identity-H"), false],
  ["a map of all codes to themselves", mapped(ALL), true],
  ["a map of all codes to themselves, and a map to glyphs", mapped(ALL, glyphMap + GLYPHS), true],
  [
    "a map of all codes to themselves, and the numbers of glyphs",
    mapped(ALL, cidFont("/CIDToGIDMap /Identity")),
    false,
  ],
  ["a map of all codes to the same numbers", mapped("1 begincidrange <0000> <FFFF> 0 endcidrange"), true],
  ["a map of all codes to others", mapped(ALL.replace("<0000>\n", "<0020>\n")), false],
  ["a map with another entry", mapped(`1 beginbfchar <0003> <0041> endbfchar ${ALL}`), false],
  ["no map", type0("/Encoding /Identity-H"), false],
  ["a simple font only", simple("TrueType /ToUnicode /Identity-H"), false],
  ["its own map to glyphs", own, true],
  ["glyphs without a map to them", type0(IDENTITY) + cidFont("/DW 600") + GLYPHS, false],
  ["the numbers of glyphs", type0(IDENTITY) + cidFont("/CIDToGIDMap /Identity"), false],
  ["another font without the name", own + type0("/Encoding /Identity-H"), false],
  ["another font that is one of the standard fonts", own + simple("Type1 /BaseFont /Helvetica"), true],
  ["another font with its own map", own + simple("TrueType /FontDescriptor 9 0 R /ToUnicode 11 0 R"), true],
  ["another font with an encoding", own + simple("TrueType /FontDescriptor 9 0 R /Encoding/WinAnsiEncoding"), true],
  ["another font of unknown encoding", own + simple("Type1 /FontDescriptor 9 0 R"), false],
  ["another font that is drawn", own + simple("Type3 /Encoding 7 0 R"), false],
  ["compressed objects", `${own}7 0 obj << /Type /ObjStm /N 3 >> endobj`, false],
  ["several fonts in one object", type0(`${IDENTITY} >> /F2 << /Subtype /Type0`), false],
])("codes are Unicode if the fonts state so and no font may have other codes: %s", (_what, fonts, isFound) => {
  expect(hasUnicodeCodes(Buffer.from(fonts))).toBe(isFound);
});

it.each([
  ["a map to glyphs", "/CIDToGIDMap 8 0 R", true],
  ["the numbers of glyphs", "/CIDToGIDMap /Identity", false],
])("fonts that are packed into an object stream are looked at, too: %s", (_what, entries, isFound) => {
  const font = "<< /Subtype /Type0 /Encoding /Identity-H /ToUnicode 8 0 R >>";
  const descendant = `<< /Subtype /CIDFontType2 ${entries} /FontDescriptor << /FontFile2 9 0 R >> >>`;
  const first = `4 0 5 ${font.length} `;
  const data = deflateSync(first + font + descendant).toString("latin1");
  const stream = `7 0 obj << /Type /ObjStm /N 2 /First ${first.length} /Filter /FlateDecode >> stream\n${data}\nendstream endobj\n`;
  const map = `8 0 obj << /Length 9 >> stream\nbegincmap ${ALL} endcmap\nendstream endobj\n`;
  expect(hasUnicodeCodes(Buffer.from(map + stream, "latin1"))).toBe(isFound);
});

describe("the codes of a font that names the map of each code to itself", () => {
  const hex = (codes: readonly number[]): string => codes.map((code) => code.toString(16).padStart(4, "0")).join("");
  const shown = (codes: readonly number[], mapped = "", file: PdfObject = "", names = "/Identity-H"): Uint8Array =>
    onePage({
      content: `BT /F1 12 Tf 40 700 Td <${hex(codes)}> Tj ET`,
      font: `<< /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode ${names} >>`,
      objects: [
        `<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Own /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 7 0 R /DW 600 ${mapped} >>`,
        "<< /Type /FontDescriptor /FontName /Own /Flags 4 /FontBBox [0 0 600 700] /ItalicAngle 0 /Ascent 700 /Descent 0 /CapHeight 700 /StemV 80 >>",
        file,
      ].filter((object) => object !== ""),
    });
  const characters = (text: string): number[] => [...text].map((sign) => sign.codePointAt(0) as number);

  it("are its letters", async () => {
    const text = "Za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105 ja\u017a\u0144, \u0441\u0430\u0434";
    expect(await textOf(shown(characters(text)))).toBe(text);
  });

  it.each([false, true])(
    "are its letters where an entry for all codes maps each to itself; compressed: %s",
    async (isPacked) => {
      const text = "Za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105 ja\u017a\u0144, \u0441\u0430\u0434";
      const content = `begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange ${ALL} endcmap`;
      const map = isPacked
        ? { dictionary: "/Filter /FlateDecode", content: deflateSync(content).toString("latin1") }
        : { dictionary: "", content };
      expect(await textOf(shown(characters(text), "", map, "8 0 R"))).toBe(text);
    },
  );

  it("are not its letters where they are the numbers of glyphs", async () => {
    const glyphs = "\u0424\u0460\u0456\u0457\u0455\u0445\u0464\u044f\u0453\u0455".repeat(4);
    expect(await readFirst(shown(characters(glyphs), "/CIDToGIDMap /Identity"))).toMatchObject({
      unnamed: true,
      lines: [],
    });
  });

  it("are not its letters where some are control characters", async () => {
    const text = characters("Za\u017c\u00f3\u0142\u0107").flatMap((code) => [code, 3]);
    expect(await textOf(shown(text))).not.toContain("\u0142");
  });

  it("are not its letters where another font has no names", async () => {
    const other = "<< /Type /Font /Subtype /Type0 /BaseFont /Other /Encoding /Identity-H /DescendantFonts [6 0 R] >>";
    const glyphs = characters("\u0424\u0460\u0456\u0457\u0455\u0445\u0464\u044f\u0453\u0455".repeat(4));
    expect(await readFirst(shown(glyphs, "", other))).toMatchObject({ unnamed: true, lines: [] });
  });
});
