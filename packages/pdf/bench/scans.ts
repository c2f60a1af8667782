import { assemble, makePdf, type Picture } from "@docrelay/testkit";
import { pathToFileURL } from "node:url";
import { drawnPage } from "../test/scanned-letter.ts";
import { pairF1, similarity, wordF1 } from "../test/similarity.ts";
import { createExtractor, findRecogniser } from "../src/index.ts";
import { table } from "./table.ts";

/*
 * Prints how well scans are read: a crooked one, two columns of prose, a table, and a photo of a page. All are made here from
 * text that is known. Run it with `node packages/pdf/bench/scans.ts`; the program `tesseract` is used if it is on the
 * PATH.
 */

const PROSE = `The keeper of the lighthouse wrote down every evening which ships had passed, how the wind stood, and what the lamp
had used. On the ninth of March, 1887, the glass fell so fast that he tied the boat to the rail and lit the lamp at four.
A schooner with a broken mast came in at half past five; her captain asked for rope, nails and 40 feet of canvas, and paid
with two barrels of salted fish. The storm kept them for three days. When it was over, the beach was covered with planks,
bottles and a chest of tea, which the village shared. The inspector, who came in May, found the account correct to the
penny, praised the brass, and ordered a new chain for the bell. Nobody has ever found out to whom the tea belonged.`;
const WORDS = PROSE.split(/\s+/);
const TABLE = [
  ["Article", "Quantity", "Price", "Total"],
  ["Copper wire", "12", "4.50", "54.00"],
  ["Valve, brass", "3", "19.90", "59.70"],
  ["Gasket", "40", "0.35", "14.00"],
  ["Lamp oil, litre", "25", "1.80", "45.00"],
  ["Rope, 40 feet", "2", "23.25", "46.50"],
];

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Breaks words into lines of at most `letters` letters. */
function lines(words: readonly string[], letters: number): string[] {
  const found: string[] = [];
  for (const word of words) {
    const last = found.at(-1);
    if (last !== undefined && last.length + word.length < letters) found[found.length - 1] = `${last} ${word}`;
    else found.push(word);
  }
  return found;
}

const column = (x: number, text: readonly string[]): Placed[] =>
  text.map((line, at) => ({ x, y: 720 - 17 * at, text: line }));

const ONE_COLUMN = column(70, lines(WORDS, 78));
const HALF = Math.ceil(lines([...WORDS, ...WORDS], 38).length / 2);
const NARROW = lines([...WORDS, ...WORDS], 38);
const TWO_COLUMNS = [...column(60, NARROW.slice(0, HALF)), ...column(315, NARROW.slice(HALF))];
const CELLS = TABLE.flatMap((row, at) =>
  row.map((text, index) => ({ x: [70, 230, 330, 430][index] ?? 0, y: 700 - 24 * at, text })),
);

/** Draws a page with these texts, as a scanner would see it. */
async function page(texts: readonly Placed[]): Promise<Picture> {
  const content = texts
    .map(({ x, y, text }) => `BT /F1 11.5 Tf ${x} ${y} Td (${text.replace(/[\\()]/g, String.raw`\$&`)}) Tj ET`)
    .join("\n");
  const bytes = assemble([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>",
    { dictionary: "", content },
  ]);
  return drawnPage(bytes);
}

/** Makes another picture of the same size: `from` returns the place in the first picture, and `light` how bright it is there. */
function seen(
  { width, height, grey }: Picture,
  from: (x: number, y: number) => readonly [x: number, y: number],
  light: (x: number, y: number) => number = () => 1,
): Picture {
  let seed = 7;
  const noise = (): number => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff - 0.5) * 24;
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 255 : (grey[y * width + x] ?? 255);
  const result = new Uint8Array(grey.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = from(x, y);
      const [left, top] = [Math.floor(u), Math.floor(v)];
      const [across, down] = [u - left, v - top];
      const upper = at(left, top) * (1 - across) + at(left + 1, top) * across;
      const lower = at(left, top + 1) * (1 - across) + at(left + 1, top + 1) * across;
      const value = (upper * (1 - down) + lower * down) * light(x / width, y / height) + noise();
      result[y * width + x] = Math.max(0, Math.min(255, Math.round(value)));
    }
  return { width, height, grey: result };
}

function crooked(picture: Picture, degrees: number): Picture {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [cx, cy] = [picture.width / 2, picture.height / 2];
  return seen(picture, (x, y) => [cx + cos * (x - cx) + sin * (y - cy), cy - sin * (x - cx) + cos * (y - cy)]);
}

/** A photo of a page: taken at an angle, darker towards one corner, and a little turned. */
function photo(picture: Picture): Picture {
  const { width, height } = picture;
  return seen(
    picture,
    (x, y) => {
      const depth = 1 + 0.08 * (y / height);
      const [u, v] = [(x - width / 2) / depth + width / 2, y * 1.02];
      return [u + 0.02 * (v - height / 2), v - 0.02 * (u - width / 2)];
    },
    (x, y) => 0.95 - 0.6 * x * y - 0.15 * y,
  );
}

const KINDS: Array<readonly [name: string, texts: readonly Placed[], change: (picture: Picture) => Picture]> = [
  ["prose", ONE_COLUMN, (picture) => seen(picture, (x, y) => [x, y])],
  ["prose, crooked by 4°", ONE_COLUMN, (picture) => crooked(picture, 4)],
  ["two columns", TWO_COLUMNS, (picture) => seen(picture, (x, y) => [x, y])],
  ["two columns, crooked by -7°", TWO_COLUMNS, (picture) => crooked(picture, -7)],
  ["table", CELLS, (picture) => crooked(picture, 1.5)],
  ["photo of prose", ONE_COLUMN, photo],
  ["photo of two columns", TWO_COLUMNS, photo],
];

async function main(): Promise<void> {
  const limits = {
    stallMs: 60_000,
    timeoutMs: 120_000,
    memoryBytes: 943_718_400,
    maxPages: 10,
    maxTextBytes: 8_388_608,
  };
  const recogniser = await findRecogniser({
    languages: ["eng"],
    path: process.env["PATH"] ?? "",
    memoryBytes: limits.memoryBytes,
  });
  const ocr = { recogniser, pageMs: 60_000, timeoutMs: 60_000 };
  await using extractor = createExtractor({ engine: "auto", concurrency: 1, limits, ocr });
  const rows: string[][] = [];
  for (const [name, texts, change] of KINDS) {
    const truth = texts.map(({ text }) => text).join("\n");
    const bytes = makePdf({ pages: [change(await page(texts))] });
    const begun = performance.now();
    const outcome = await extractor.extract({ bytes }, { signal: AbortSignal.timeout(120_000) });
    const ms = performance.now() - begun;
    const text = outcome.kind === "text" ? outcome.pages.join("\n") : "";
    if (process.argv.includes("--print")) process.stdout.write(`--- ${name}\n${text}\n`);
    const scores = [similarity(text, truth), wordF1(text, truth), pairF1(text, truth)].map((score) => score.toFixed(3));
    rows.push([name, ...scores, `${Math.round(ms)} ms`]);
  }
  process.stdout.write(
    `Scans read by ${recogniser.name}\n\n${table(["scan", "similarity", "F1", "order", "time"], rows)}\n`,
  );
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
