import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encryptAes, encryptRc4 } from "./pdf-encryption.ts";
import { makePdf, makeScanPdf } from "./pdf.ts";
import { makePlacedPdf, TYPE_SIZE, type Lettering, type PlacedLine } from "./pdf-placed.ts";

/*
 * One small PDF of each kind that the product treats differently. Code makes them, so every clone of the project has
 * them.
 */

export interface OwnPdf {
  readonly file: string;
  readonly expected: "text" | "invalid" | "encrypted" | "no-text" | "any";
  readonly pages?: number;
  readonly userPassword?: string;
  bytes(): Uint8Array;
  /** The text that an extraction should return, in reading order. */
  readonly truth?: string;
}

const LEADING = 14;
const COURIER = 0.6;

const LETTER = `The harbour office keeps three ledgers. The first one holds the
name of every ship that comes in, the second one what it carries,
and the third one is empty, since nobody has ever asked for it.

A clerk writes in all of them with the same pen.`;
const LEFT = ["Bread is baked at four", "in the morning, before", "the town is awake."];
const RIGHT = ["Fish is sold at noon,", "when the boats are back", "and the ice is fresh."];
const ROWS = [
  ["Harbour", "Boats", "Tonnes"],
  ["Norrholm", "41", "1250"],
  ["Ostvik", "17", "380"],
  ["Sandby", "9", "96"],
];
const CHINESE = ["海边的小镇每天早上都有新鲜的面包。", "渔船在中午回来。"];
const JAPANESE = ["港の事務所には三冊の帳簿があります。", "船は正午に戻ります。"];
const KOREAN = "항구 사무실에는 장부가 세 권 있다. 배는 정오에 돌아온다.";
const HEBREW = ["בנמל יש שלושה ספרים", "הסירות חוזרות בצהריים"];
const ARABIC = ["في الميناء ثلاثة دفاتر", "تعود القوارب عند الظهر"];

const lines = (texts: readonly string[], x = 60): PlacedLine[] =>
  texts.map((text, index) => ({ x, y: 760 - index * LEADING, text }));
/** Makes a right-to-left line as programs draw it: it ends at the right margin, and its last letter is drawn first. */
function rightToLeft(texts: readonly string[], letter: number): PlacedLine[] {
  return lines(texts).map(({ y, text }) => {
    const drawn = [...text].reverse().join("");
    return { x: 535 - drawn.length * TYPE_SIZE * letter, y, text: drawn };
  });
}
const placed = (lettering: Lettering, page: readonly PlacedLine[], width?: number): Uint8Array =>
  makePlacedPdf({ pages: [page], lettering, ...(width === undefined ? {} : { width }) });

const PASSWORDS = { user: "anchor-7", owner: "harbour-master" };
const letter = (more: Partial<Parameters<typeof makePdf>[0]> = {}): Uint8Array => makePdf({ pages: [LETTER], ...more });
const pages = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `Page ${index + 1} of the ledger. Ship ${index * 7 + 3} came in.`);
const cut = (share: number): Uint8Array => {
  const whole = makePdf({ pages: pages(4) });
  return whole.subarray(0, Math.floor(whole.length * share));
};
const replaced = (what: RegExp, by: string): Uint8Array =>
  Buffer.from(Buffer.from(letter()).toString("latin1").replace(what, by), "latin1");
const text = (file: string, truth: string, bytes: () => Uint8Array, count = 1): OwnPdf => ({
  file,
  expected: "text",
  pages: count,
  truth,
  bytes,
});
const other = (file: string, expected: OwnPdf["expected"], bytes: () => Uint8Array): OwnPdf => ({
  file,
  expected,
  bytes,
});

/**
 * A scanned page with 11 lines of a written letter, with one bit for each pixel. It was drawn with PDFium from a text
 * of the project.
 */
const SCAN = join(import.meta.dirname, "../../files/scanned-letter.pdf");

export const OWN_PDFS: readonly OwnPdf[] = [
  text("born-digital/letter.pdf", LETTER, letter),
  text("born-digital/four-pages.pdf", pages(4).join("\n"), () => makePdf({ pages: pages(4) }), 4),
  text("multi-column/two-columns.pdf", [...LEFT, ...RIGHT].join("\n"), () =>
    placed("latin", [...lines(LEFT), ...lines(RIGHT, 330)], COURIER * 1000),
  ),
  text("tables/boats.pdf", ROWS.map((row) => row.join(" ")).join("\n"), () =>
    placed(
      "latin",
      [0, 1, 2, 3].flatMap((row) =>
        [0, 1, 2].map((column) => ({ x: 60 + column * 150, y: 760 - row * 20, text: ROWS[row]?.[column] ?? "" })),
      ),
    ),
  ),
  text("cjk/chinese.pdf", CHINESE.join(""), () => placed("UniGB-UTF16-H", lines(CHINESE))),
  text("cjk/japanese.pdf", JAPANESE.join(""), () => placed("UniJIS-UTF16-H", lines(JAPANESE))),
  text("cjk/korean.pdf", KOREAN, () => placed("unicode", lines([KOREAN]))),
  text("rtl/hebrew.pdf", HEBREW.join("\n"), () => placed("unicode", rightToLeft(HEBREW, 0.5), 500)),
  text("rtl/arabic.pdf", ARABIC.join("\n"), () => placed("unicode", rightToLeft(ARABIC, 0.5), 500)),
  {
    ...text("encrypted-user/rc4.pdf", LETTER, () => letter({ encryption: encryptRc4(PASSWORDS) })),
    expected: "encrypted",
    userPassword: PASSWORDS.user,
  },
  {
    ...text("encrypted-user/aes.pdf", LETTER, () => letter({ encryption: encryptAes(PASSWORDS) })),
    expected: "encrypted",
    userPassword: PASSWORDS.user,
  },
  text("encrypted-owner-only/rc4.pdf", LETTER, () =>
    letter({ encryption: encryptRc4({ user: "", owner: PASSWORDS.owner }) }),
  ),
  text("encrypted-owner-only/aes.pdf", LETTER, () =>
    letter({ encryption: encryptAes({ user: "", owner: PASSWORDS.owner }) }),
  ),
  other("scan/stripes.pdf", "no-text", makeScanPdf),
  other("scan/letter.pdf", "no-text", () => readFileSync(SCAN)),
  text("huge/1500-pages.pdf", pages(1500).join("\n"), () => makePdf({ pages: pages(1500) }), 1500),
  other("corrupt/no-pages.pdf", "invalid", () => makePdf({ pages: [] })),
  other("corrupt/cut-at-30.pdf", "any", () => cut(0.3)),
  other("corrupt/cut-at-60.pdf", "any", () => cut(0.6)),
  other("corrupt/cut-at-95.pdf", "any", () => cut(0.95)),
  other("corrupt/no-table.pdf", "any", () => replaced(/xref\n[^]*(?=trailer)/, "")),
  other("corrupt/wrong-offsets.pdf", "any", () => replaced(/(?<=\n0000000)\d{3}(?= 00000 n)/g, "001")),
  other("corrupt/wrong-length.pdf", "any", () => replaced(/\/Length \d+/, "/Length 9")),
  other("not-a-pdf/empty.pdf", "invalid", () => Buffer.alloc(0)),
  other("not-a-pdf/text.pdf", "invalid", () => Buffer.from(LETTER)),
  other("not-a-pdf/beginning-only.pdf", "invalid", () => Buffer.from("%PDF-1.7\nand then nothing of it")),
];

/** The file of {@link OWN_PDFS} with this name. @throws Error when there is none. */
export function ownPdf(file: string): OwnPdf {
  const found = OWN_PDFS.find((one) => one.file === file);
  if (!found) throw new Error(`no PDF of ours is called ${file}`);
  return found;
}
