import { shared, sharedCorpus, type CorpusFile } from "@docrelay/testkit";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createExtractor } from "../src/index.ts";
import { mean, runFile, type Run } from "../test/corpus-run.ts";
import { similarity, wordF1 } from "../test/similarity.ts";
import { watchChildren } from "./children.ts";
import { twoAtOnce } from "./at-once.ts";
import { benchFolder } from "./folder.ts";
import { LIMITS } from "../test/limits.ts";
import { afterKill, coldStart, longFile, scannedLetter } from "./moments.ts";
import { ours, pdftotext, pypdf2, type ReadFile, type Reader } from "./reader.ts";
import { speedsOf } from "./speeds.ts";
import { chart, median, table } from "./table.ts";

/*
 * npm run bench:pdf [-- rounds]: measures how fast and how well docrelay and other readers read the files of
 * ../shared/corpus, and writes a chart to bench/out. The readers take turns, so other work on the machine slows all of
 * them, and their ratios stay right. With `--folder <folder>`: see folder.ts.
 */

const OUT = join(import.meta.dirname, "out");
const { values, positionals } = parseArgs({ options: { folder: { type: "string" } }, allowPositionals: true });
if (values.folder !== undefined) {
  await benchFolder(values.folder);
  process.exit(0);
}
const count = Number(positionals[0] ?? 3);

const files = sharedCorpus();
if (files.length === 0) {
  console.log("bench:pdf needs the corpus in ../shared/corpus, which is not there.");
  process.exit(0);
}
const readable = files.filter(({ category, expected }) => expected === "text" && category !== "huge");
const pathOf = ({ file }: CorpusFile): string => shared(`corpus/${file}`) ?? "";

const rivals = (await Promise.all([pypdf2(), pdftotext()])).filter((reader) => reader !== undefined);
const alone = [ours("auto", 1, LIMITS), ours("pdf-parse", 1, LIMITS)];
const readers: Reader[] = [ours("auto", 2, LIMITS), ours("pdf-parse", 2, LIMITS), ...alone, ...rivals];
const rounds = new Map<Reader, ReadFile[][]>(readers.map((reader) => [reader, []]));
// A first round, which is not measured, starts the children.
for (const reader of readers) await reader.read(readable.map(pathOf));
const both = twoAtOnce(LIMITS);
await both.read(readable.map(pathOf));
const bothMs: number[] = [];
for (let round = 0; round < count; round++) {
  for (const reader of readers) rounds.get(reader)?.push(await reader.read(readable.map(pathOf)));
  bothMs.push(await both.read(readable.map(pathOf)));
}
await both[Symbol.asyncDispose]();

const speeds = speedsOf(readable, rounds);
const pypdf = readers.find(({ name }) => name.startsWith("PyPDF2"));
const rounded = (speed: number): string => (Number.isNaN(speed) ? "" : Math.round(speed).toString());
const timesPypdf = (reader: Reader, by: "ms" | "processorMs", category?: string): string => {
  const times = speeds(reader, by, category) / speeds(pypdf, by, category);
  return Number.isNaN(times) ? "" : `${times.toFixed(1)} ×`;
};
const rows = readers.map((reader) => {
  const read = rounds.get(reader)?.at(-1) ?? [];
  const judged = readable.flatMap((file, index) => {
    const truth = file.truth();
    return truth === undefined ? [] : [{ file, text: read[index]?.text ?? "", truth }];
  });
  const exact = judged
    .filter(({ file }) => file.groundTruthKind === "exact")
    .map(({ text, truth }) => similarity(text, truth));
  const f1 = (which: (file: CorpusFile) => boolean): string =>
    mean(judged.filter(({ file }) => which(file)).map(({ text, truth }) => wordF1(text, truth))).toFixed(3);
  const speed = speeds(reader, "ms");
  return {
    bar: { label: reader.name, value: speed, note: `${rounded(speed)} pages/s ${timesPypdf(reader, "ms")}` },
    cells: [
      reader.name,
      rounded(speed),
      timesPypdf(reader, "ms"),
      rounded(speeds(reader, "processorMs")),
      timesPypdf(reader, "processorMs"),
      mean(exact).toFixed(4),
      Math.min(...exact).toFixed(4),
      f1(({ category, groundTruthKind }) => category === "born-digital" && groundTruthKind === "words"),
      f1(({ category }) => category === "cjk" || category === "rtl"),
      reader.peak() > 0 ? `${Math.round(reader.peak() / 1e6)}` : "",
    ],
  };
});
for (const reader of readers) await reader[Symbol.asyncDispose]();

const pageCount = readable.reduce((sum, file) => sum + (file.pages ?? 1), 0);
console.log(
  `${readable.length} files, ${pageCount} pages, one at a time, median of ${count} rounds after one to warm\n`,
);
const head = [
  "reader",
  "pages/s",
  "÷ PyPDF2",
  "pages/CPU s",
  "÷ PyPDF2",
  "similarity",
  "least",
  "F1 Debian",
  "F1 CJK+RTL",
  "child MB",
];
console.log(
  table(
    head,
    rows.map(({ cells }) => cells),
  ),
);

const bothSpeed = pageCount / (median(bothMs) / 1000);
const bothTimes = bothSpeed / speeds(pypdf, "ms");
console.log(
  `\nauto, two files at a time: ${rounded(bothSpeed)} pages/s${Number.isNaN(bothTimes) ? "" : `, ${bothTimes.toFixed(1)} × PyPDF2`}`,
);

const pagesIn = (category: string): number =>
  readable.reduce((sum, file) => sum + (file.category === category ? (file.pages ?? 1) : 0), 0);
console.log(`\npages/CPU s ÷ PyPDF2, by category\n`);
console.log(
  table(
    ["category", "pages", ...alone.map(({ name }) => name)],
    [...new Set(readable.map(({ category }) => category))].map((category) => [
      category,
      `${pagesIn(category)}`,
      ...alone.map((reader) => timesPypdf(reader, "processorMs", category)),
    ]),
  ),
);

const milliseconds = (ms: number): string => `${Math.round(ms)} ms`;
const long = await longFile(LIMITS);
const program = await scannedLetter(LIMITS, process.env["PATH"] ?? "");
const wasm = program.name === "tesseract-wasm" ? program : await scannedLetter(LIMITS, "");
const moments: string[][] = [
  ["a child with PDFium, from nothing", milliseconds(await coldStart("pdfium"))],
  ["a child with pdf-parse, from nothing", milliseconds(await coldStart("pdf-parse"))],
  ["a slot's next text after its child was killed", milliseconds(await afterKill(LIMITS))],
  ...(long
    ? [
        ["first of 1,500 pages", milliseconds(long.firstMs)],
        ["all of 1,500 pages", milliseconds(long.allMs)],
      ]
    : []),
  ...[...new Set([wasm, program])].map(({ name, ms, likeness }) => [
    `a scanned letter by ${name}`,
    `${milliseconds(ms)}, similarity ${likeness.toFixed(3)}`,
  ]),
];
console.log(`\n${table(["moment (median of 5)", "takes"], moments)}`);

await using extractor = createExtractor({ engine: "auto", concurrency: 1, limits: LIMITS });
const memory = watchChildren();
const damaged: Run[] = [];
for (const file of files.filter(({ expected }) => expected === "bounded" || expected === "any"))
  damaged.push(await runFile(extractor, file));
const slowest = damaged.sort((a, b) => b.afterLastPageMs - a.afterLastPageMs).slice(0, 5);
const how = ({ outcome }: Run): string =>
  outcome.kind === "text" ? `text by ${outcome.engine}` : [outcome.code, outcome.reason].filter(Boolean).join(" ");
const slowRows = slowest.map((run) => [run.file.file, `${(run.afterLastPageMs / 1000).toFixed(1)} s`, how(run)]);
console.log(`\nthe slowest of ${damaged.length} damaged files\n`);
console.log(table(["file", "after its last page", "outcome"], slowRows));
memory.stop();
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const wrong = damaged.filter((run) => run.wrong !== undefined).length;
console.log(
  `\nslowest of all ${(Math.max(...damaged.map(({ ms }) => ms)) / 1000).toFixed(1)} s, wrong outcomes ${wrong}; ` +
    `their children held at most ${megabytes(memory.peak())}`,
);

mkdirSync(OUT, { recursive: true });
writeFileSync(
  join(OUT, "speed.svg"),
  chart(
    "Pages a second, one file at a time",
    rows.map(({ bar }) => bar),
  ),
);
console.log(`\nchart: ${join(OUT, "speed.svg")}`);
