import { createHash } from "node:crypto";
import type { Figure, FiguresWanted, Job, Report, Stop } from "./messages.ts";
import { cutText } from "../text/cut-text.ts";
import { pageMarkdown } from "../markdown/page-markdown.ts";
import { pageText } from "../text/layout.ts";
import { DocumentError, type EngineName, type OpenDocument, type PageEngine } from "../engines/page-engine.ts";
import { isSparse } from "../text/scan.ts";
import { warmUp } from "./warm-up.ts";
import type { Rotation } from "../text/rotation.ts";

/**
 * The main function of a child process: does the jobs that the parent sends, one at a time, and reports on them. Call
 * `enterSandbox` before. Reports `ready` once the PDF engine `first` is loaded and warm. `load` loads a PDF engine, and is
 * called once for each engine at most.
 */
export async function serveJobs(
  load: (name: EngineName) => Promise<PageEngine>,
  first: EngineName | undefined,
): Promise<void> {
  const engines = new Map<EngineName, Promise<PageEngine>>();
  /** The job ends before the first page whose number is at least this. */
  let stopBefore = Infinity;

  function engineOf(name: EngineName): Promise<PageEngine> {
    const engine = engines.get(name) ?? load(name);
    engines.set(name, engine);
    return engine;
  }

  async function run(job: Job): Promise<void> {
    stopBefore = Infinity;
    const engine = await engineOf(job.engine);
    const document = await engine.open(job.bytes, job.password);
    const { attachments = [] } = document;
    tell({ type: "opened", pages: document.pages, ...(attachments.length > 0 && { attachments }) });
    if (job.embedded) for (const pdf of document.embedded?.(job.embedded) ?? []) tell({ type: "embedded", ...pdf });
    const figures = job.drawFigures && figuresFor(document, job.drawFigures);
    for (const page of pagesOf(job, document.pages)) {
      if (page >= stopBefore || figures?.isEnough()) break;
      try {
        if (figures) tell(await figures.on(page));
        else if (job.draw) tell(await drawn(document, page, job.draw.rotation));
        else tell(await read(document, page, job));
      } catch (error) {
        if (isPoison(error, job.engine)) throw error;
        tell({ type: "lost", page });
      }
      await new Promise(setImmediate); // lets a Stop of the parent arrive before the next page
    }
    await document.close();
    tell({ type: "done" });
  }

  process.on("message", (message: Job | Stop) => {
    if ("type" in message) stopBefore = message.before;
    else {
      run(message).catch((error: unknown) => {
        if (isPoison(error, message.engine)) process.exit(70);
        tell({ type: "failed", kind: error instanceof DocumentError ? error.kind : "invalid" });
      });
    }
  });

  // Loads the first PDF engine now, so that the first file does not wait for it.
  if (first) await warmUp(await engineOf(first));
  tell({ type: "ready" });
}

function tell(report: Report): void {
  process.send?.(report);
}

/**
 * Whether an error has made the PDF engine unusable, so that the process must end: a trap of WebAssembly, or a stack
 * overflow inside WebAssembly.
 */
function isPoison(error: unknown, engine: EngineName): boolean {
  if (error instanceof RangeError) return engine === "pdfium";
  return error instanceof Error && error.constructor.name === "RuntimeError";
}

/** The numbers of the pages to read or draw, in this order. */
function pagesOf({ draw, drawFigures, embedded, from = 1, backwards = false, maxPages }: Job, pages: number): number[] {
  if (embedded) return [];
  if (draw !== undefined) return [draw.page];
  if (drawFigures !== undefined) return [...drawFigures.pages];
  // The parent refuses a file with too many pages, so no page is read.
  if (pages > maxPages) return [];
  const all = Array.from({ length: Math.max(0, pages - from + 1) }, (_, index) => from + index);
  return backwards ? all.reverse() : all;
}

async function read(document: OpenDocument, page: number, job: Job): Promise<Report> {
  const isMarkdown = job.format === "markdown";
  const found = await document.read(page, { styled: isMarkdown, figures: job.figures === true });
  const { lines, precision, rules, tags, pictured, unnamed = false, damaged = false, attachments = [] } = found;
  const whole = isMarkdown ? pageMarkdown(lines, { precision, rules, tags }) : pageText(lines, precision);
  // One byte more than the limit is sent, so that the parent sees that the text was longer.
  const text = cutText(whole, job.maxTextBytes + 1);
  const scan = !unnamed && pictured && isSparse(lines);
  return {
    type: "page",
    page,
    text,
    scan,
    ...(unnamed && { unnamed }),
    ...(damaged && { damaged }),
    // A scanned page is read as a whole.
    ...(found.figures === true && !scan && !unnamed && { figures: true }),
    ...(attachments.length > 0 && { attachments }),
  };
}

async function drawn(document: OpenDocument, page: number, rotation: Rotation): Promise<Report> {
  if (!document.draw) throw new Error("this engine cannot draw");
  return { type: "picture", page, pgm: await document.draw(page, rotation) };
}

/** Draws the figures of pages for one job: leaves out those that are known, and counts the bytes of the others. */
function figuresFor(
  document: OpenDocument,
  { known, atMostBytes }: FiguresWanted,
): { on(page: number): Promise<Report>; isEnough(): boolean } {
  const names = new Set(known);
  let bytes = 0;
  return {
    async on(page) {
      if (!document.drawFigures) throw new Error("this engine cannot draw");
      const figures: Figure[] = [];
      for (const pgm of await document.drawFigures(page)) {
        const name = createHash("sha256").update(pgm).digest("base64");
        if (names.has(name)) continue;
        names.add(name);
        figures.push({ name, pgm });
        bytes += pgm.length;
      }
      return { type: "figures", page, figures };
    },
    isEnough: () => bytes > atMostBytes,
  };
}
