import { assemble, compressed, type PdfObject } from "./pdf-objects.ts";

/*
 * Makes pages with lines at given positions, in any script. The fonts have no outlines of letters: to read the letters,
 * their codes and widths in the font are enough.
 */

/** A line. `x` and `y`: its left end and its baseline, in points from the page's lower left corner. */
export interface PlacedLine {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/**
 * Which codes the letters have. `latin`: those of WinAnsi. All others: the UTF-16 units of the letters. With `unicode`,
 * a table in the font states which letter each code means. The other values are names of encodings that every PDF
 * reader knows, so their fonts need no table.
 */
export type Lettering = "latin" | "unicode" | "UniGB-UTF16-H" | "UniJIS-UTF16-H" | "UniKS-UTF16-H";

const ORDERINGS: Readonly<Record<string, string>> = {
  "UniGB-UTF16-H": "GB1",
  "UniJIS-UTF16-H": "Japan1",
  "UniKS-UTF16-H": "Korea1",
};
export const TYPE_SIZE = 10;
const hex = (text: string): string => Buffer.from(text, "utf16le").swap16().toString("hex");

/**
 * Makes a PDF of pages with these lines; its streams are compressed. `width`: the width of every letter, in thousandths
 * of the type's size.
 */
export function makePlacedPdf(of: {
  pages: ReadonlyArray<readonly PlacedLine[]>;
  lettering: Lettering;
  width?: number;
}): Uint8Array {
  const { pages, lettering, width = 1000 } = of;
  const fonts = lettering === "latin" ? LATIN : composite(pages.flat(), lettering, width);
  const first = 3 + fonts.length;
  const objects: PdfObject[] = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${pages.map((_, index) => `${first + 2 * index} 0 R`).join(" ")}] /Count ${pages.length} >>`,
    ...fonts,
  ];
  pages.forEach((lines, index) => {
    const drawn = lines.map(({ x, y, text }) => `1 0 0 1 ${x} ${y} Tm <${encoded(text, lettering)}> Tj`).join("\n");
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${first + 1 + 2 * index} 0 R >>`,
      compressed(`BT /F1 ${TYPE_SIZE} Tf\n${drawn}\nET`),
    );
  });
  return assemble(objects);
}

const LATIN: readonly PdfObject[] = ["<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"];

function encoded(text: string, lettering: Lettering): string {
  return lettering === "latin" ? Buffer.from(text, "latin1").toString("hex") : hex(text);
}

function composite(lines: readonly PlacedLine[], lettering: Lettering, width: number): PdfObject[] {
  const ordering = ORDERINGS[lettering];
  const [encoding, table] = ordering ? [lettering, ""] : ["Identity-H", " /ToUnicode 6 0 R"];
  const info = `<< /Registry (Adobe) /Ordering (${ordering ?? "Identity"}) /Supplement 0 >>`;
  const objects: PdfObject[] = [
    `<< /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /${encoding} /DescendantFonts [4 0 R]${table} >>`,
    `<< /Type /Font /Subtype /CIDFontType${ordering ? 0 : 2} /BaseFont /Own /CIDSystemInfo ${info} /DW ${width} /FontDescriptor 5 0 R >>`,
    "<< /Type /FontDescriptor /FontName /Own /Flags 4 /FontBBox [0 -200 1000 800] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
  ];
  return ordering ? objects : [...objects, compressed(unicodeTable(lines))];
}

/**
 * The table (ToUnicode) that states the letter of each code of a font: a code is the UTF-16 code of its letter. PDF
 * allows at most a hundred entries in one block of the table.
 */
function unicodeTable(lines: readonly PlacedLine[]): string {
  const letters = [...new Set(lines.flatMap(({ text }) => text.split("")))].toSorted();
  let blocks = "";
  for (let at = 0; at < letters.length; at += 100) {
    const block = letters.slice(at, at + 100);
    blocks += `${block.length} beginbfchar\n${block.map((letter) => `<${hex(letter)}> <${hex(letter)}>`).join("\n")}\nendbfchar\n`;
  }
  return `/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def /CMapName /Own def /CMapType 2 def
1 begincodespacerange <0000> <ffff> endcodespacerange
${blocks}endcmap CMapName currentdict /CMap defineresource pop end end`;
}
