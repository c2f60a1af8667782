import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { createExtractor, type ExtractOutcome } from "../src/index.ts";
import { LIMITS } from "../test/limits.ts";
import {
  flagOf,
  isJudged,
  LOW,
  scoresOf,
  scriptOf,
  type Kind,
  type PageTexts,
  type Scores,
} from "../test/agreement.ts";
import { peakOfChildren } from "./children.ts";
import { rivalsOf, type Rival } from "./rivals.ts";
import { table } from "./table.ts";

/*
 * npm run bench:pdf -- --folder <folder>: compares the text that docrelay reads in the PDFs of a folder with the text
 * that other readers find in them.
 */

/** How many pages of a file are compared at most: a long file must not decide the result alone. */
const MAX_PAGES = 40;
const MAX_NAMED = 60;

/**
 * Matches the texts of sticky notes, which docrelay puts at the end of a page. Other readers leave them out, so they
 * are not compared.
 */
const NOTES = /^\[Note\] [\s\S]*/m;

interface JudgedPage {
  readonly file: string;
  readonly script: string;
  readonly scores: readonly Scores[];
}
interface Flagged {
  readonly file: string;
  readonly page: number;
  readonly kind: string;
}

export async function benchFolder(folder: string): Promise<void> {
  const root = resolve(folder);
  const files = pdfsIn(root);
  const rivals = await rivalsOf();
  console.log(
    `${files.length} files in ${root}, beside ${rivals.map(({ name }) => name).join(" and ") || "no other reader"}`,
  );
  const [judged, flagged]: [JudgedPage[], Flagged[]] = [[], []];
  const outcomes = new Map<string, number>();
  const count = (how: string, by = 1): unknown => outcomes.set(how, (outcomes.get(how) ?? 0) + by);
  let slowest = { ms: 0, file: "" };
  let peak = 0;
  await using extractor = createExtractor({ engine: "auto", concurrency: 2, limits: LIMITS });
  for (const path of files) {
    const file = relative(root, path);
    const begun = performance.now();
    const outcome = await extractor.extract({ bytes: readFileSync(path) }, { signal: new AbortController().signal });
    const ms = performance.now() - begun;
    peak = Math.max(peak, peakOfChildren());
    if (ms > slowest.ms) slowest = { ms, file };
    count(outcome.kind === "text" ? "text" : outcome.code);
    if (outcome.kind === "text") for (const { reason } of outcome.missing) count(`page missing: ${reason}`);
    if (outcome.kind === "failed" && outcome.code !== "PDF_NO_TEXT") continue;
    const pages = await readBeside(rivals, path, outcome);
    pages.forEach((texts, index) => {
      const kind = flagOf(texts);
      if (kind) flagged.push({ file, page: index + 1, kind: named(kind, outcome, index + 1) });
      if (isJudged(texts)) judged.push({ file, script: scriptOf(texts.join("\n")), scores: scoresOf(texts) });
    });
  }

  print(["docrelay", ...rivals.map(({ name }) => name)], judged, flagged);
  console.log(
    `\n${table(
      ["outcome", "files or pages"],
      [...outcomes].map(([how, number]) => [how, `${number}`]),
    )}`,
  );
  console.log(
    `\nslowest ${(slowest.ms / 1000).toFixed(1)} s (${slowest.file}); children held at most ${Math.round(peak / 1e6)} MB`,
  );
}

function pdfsIn(root: string): string[] {
  if (statSync(root).isFile()) return [root];
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\.pdf$/i.test(name))
    .map((name) => join(root, name))
    .toSorted();
}

/**
 * The first pages of a file, as docrelay and the programs of `rivals` read them. Empty if one of these programs cannot
 * read the file, or finds fewer pages than another program or docrelay: then a page number may mean different pages.
 */
async function readBeside(rivals: readonly Rival[], path: string, outcome: ExtractOutcome): Promise<PageTexts[]> {
  const others = (await Promise.all(rivals.map(({ read }) => read(path)))).filter((pages) => pages !== undefined);
  const ours = outcome.kind === "text" ? outcome.pages : [];
  const pages = Math.min(MAX_PAGES, Math.max(ours.length, ...others.map(({ length }) => length)));
  if (others.length < rivals.length || others.some(({ length }) => length < pages)) return [];
  return Array.from({ length: pages }, (_, page) => [
    (ours[page] ?? "").replace(NOTES, ""),
    ...others.map((texts) => texts[page] ?? ""),
  ]);
}

function named(kind: Kind, outcome: ExtractOutcome, page: number): string {
  if (kind !== "no text") return kind;
  const missing = outcome.kind === "text" ? outcome.missing.find((one) => one.page === page)?.reason : outcome.code;
  return missing === undefined ? kind : `${kind}: ${missing}`;
}

function print(readers: readonly string[], judged: readonly JudgedPage[], flagged: readonly Flagged[]): void {
  const scripts = Map.groupBy(judged, ({ script }) => script);
  const groups = [...scripts].toSorted((one, other) => other[1].length - one[1].length);
  const head = [
    "script",
    "files",
    "pages",
    ...["F1", "order", "low %"].flatMap((what) => readers.map((reader) => `${what} ${reader}`)),
  ];
  console.log(`\nword F1 and order of each page beside the better of the others; low: pages with F1 below ${LOW}\n`);
  console.log(
    table(
      head,
      [...groups, ["all", judged] as const].map(([script, pages]) => rowOf(script, pages, readers.length)),
    ),
  );
  const kinds = Map.groupBy(flagged, ({ kind }) => kind);
  const rows = [...kinds].map(([kind, pages]) => [
    kind,
    `${pages.length}`,
    `${new Set(pages.map(({ file }) => file)).size}`,
  ]);
  console.log(`\n${flagged.length} pages flagged: the others agree with one another and not with ours\n`);
  if (rows.length > 0) console.log(table(["kind", "pages", "files"], rows));
  for (const { kind, file, page } of flagged.slice(0, MAX_NAMED)) console.log(`  ${kind}: ${file} p. ${page}`);
  if (flagged.length > MAX_NAMED) console.log(`  and ${flagged.length - MAX_NAMED} more`);
}

function rowOf(script: string, pages: readonly JudgedPage[], readers: number): string[] {
  const all = Array.from({ length: readers }, (_, reader) => pages.flatMap(({ scores }) => scores[reader] ?? []));
  const mean = (values: readonly number[]): string =>
    values.length === 0 ? "" : (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3);
  const low = (scores: readonly Scores[]): string =>
    scores.length === 0 ? "" : ((100 * scores.filter(({ words }) => words < LOW).length) / scores.length).toFixed(1);
  return [
    script,
    `${new Set(pages.map(({ file }) => file)).size}`,
    `${pages.length}`,
    ...all.map((scores) => mean(scores.map(({ words }) => words))),
    ...all.map((scores) => mean(scores.map(({ order }) => order))),
    ...all.map(low),
  ];
}
