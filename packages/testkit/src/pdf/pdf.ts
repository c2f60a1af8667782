import { assemble, compressed, type Encryption, type PdfObject } from "./pdf-objects.ts";

/* Writes small, valid PDFs for tests: Helvetica in WinAnsi, one content stream for each page, a correct xref table. */

/** A grey picture: one byte for each pixel, from the top left. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8Array;
}

/** A page with text and a picture. */
export interface Illustrated {
  readonly text: string;
  readonly picture: Picture;
  /** Where the picture is: its left, bottom, width and height, in points. */
  readonly place: readonly [left: number, bottom: number, width: number, height: number];
}

export interface PdfOptions {
  /**
   * What is on each page: a text with lines separated by `\n`; a picture that fills the page, as a scanner makes it; or
   * both.
   */
  readonly pages: ReadonlyArray<string | Picture | Illustrated>;
  /**
   * Whether each word is written as a string of its own, with the distance to the next one, as TeX and word processors
   * do. Otherwise each line is one string.
   */
  readonly typeset?: boolean;
  /** How many operators without effect are added to each page, so that its extraction is slow. */
  readonly operators?: number;
  /** Whether pages are compressed, so that a file with many operators is still small. */
  readonly deflate?: boolean;
  /** Bytes that are added only to make the file large. */
  readonly ballast?: Uint8Array;
  readonly encryption?: Encryption;
}

const LINE = 14;
const TOP = 780;

function escape(text: string): string {
  const bytes = Buffer.from(text, "latin1").toString("latin1");
  return bytes.replace(/[\\()]/g, (char) => `\\${char}`);
}

export function makePdf({
  pages,
  operators = 0,
  typeset = false,
  deflate = false,
  ballast: unused,
  encryption,
}: PdfOptions): Uint8Array {
  const kids = pages.map((_, index) => `${4 + index * 2} 0 R`).join(" ");
  const objects: PdfObject[] = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
  ];
  pages.forEach((page, index) => {
    if (typeof page !== "string" && !("text" in page)) return objects.push(...scanned(page, index));
    const [text, drawing] =
      typeof page === "string" ? [page, ""] : [page.text, `\n${pictureOperators(page.picture, page.place)}`];
    const lines = escape(text)
      .split("\n")
      .map((line) => (typeset ? `[(${line.replaceAll(" ", ")-278(")})]TJ T*` : `(${line}) Tj T*`));
    const ballast = "() Tj\n".repeat(operators);
    const content = `BT /F1 11 Tf ${LINE} TL 50 ${TOP} Td\n${lines.join("\n")}\n${ballast}ET${drawing}`;
    return objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${5 + index * 2} 0 R >>`,
      deflate ? compressed(content) : { dictionary: "", content },
    );
  });
  if (unused) objects.push({ dictionary: "", content: Buffer.from(unused).toString("latin1") });
  return assemble(objects, encryption);
}

/** The picture is inline and not an object of its own, so that each page has two objects, whatever is on it. */
function pictureOperators({ width, height, grey }: Picture, place: Illustrated["place"]): string {
  const [left, bottom, wide, high] = place;
  const head = `/W ${width} /H ${height} /CS /G /BPC 8 /L ${grey.length}`;
  return `q ${wide} 0 0 ${high} ${left} ${bottom} cm BI ${head} ID ${Buffer.from(grey).toString("latin1")}\nEI Q`;
}

function scanned(picture: Picture, index: number): PdfObject[] {
  return [
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${5 + index * 2} 0 R >>`,
    { dictionary: "", content: pictureOperators(picture, [0, 0, 595, 842]) },
  ];
}

/** Makes a PDF whose only page is a picture, like a scan: it has no text. */
export function makeScanPdf(): Uint8Array {
  const pixels = Array.from({ length: 64 * 64 }, (_, index) => ((index >> 3) % 2 ? "\u00ff" : "\u0000")).join("");
  return assemble([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /XObject << /I 4 0 R >> >> /Contents 5 0 R >>",
    {
      dictionary: "/Type /XObject /Subtype /Image /Width 64 /Height 64 /ColorSpace /DeviceGray /BitsPerComponent 8",
      content: pixels,
    },
    { dictionary: "", content: "q 500 0 0 700 50 70 cm /I Do Q" },
  ]);
}
