import { createCoreWatch, type CoreWatch } from "./children/core-watch.ts";
import { startChild, type Child } from "./children/child-process.ts";
import { createPool, type Pool } from "./children/pool.ts";
import { runJob } from "./children/run-job.ts";
import { startStopwatch } from "./children/stopwatch.ts";
import type { EngineName } from "./engines/page-engine.ts";
import { withoutRunningLines } from "./markdown/running-lines.ts";
import { readFigures } from "./ocr/read-figures.ts";
import { readScans, type Ocr } from "./ocr/read-scans.ts";
import type {
  ExtractInput,
  ExtractLimits,
  ExtractOptions,
  ExtractOutcome,
  Extractor,
  TextFormat,
} from "./port/extract.ts";
import { withAttached } from "./reading/attached.ts";
import { embeddedIn } from "./reading/embedded.ts";
import { NO_BACKWARD_READER, readBackwards } from "./reading/backward-reader.ts";
import { createFileRun, type Action, type FileRun } from "./reading/file-run.ts";
import type { Moment } from "./reading/file-time.ts";
import { withFigureTexts } from "./reading/figure-blocks.ts";
import { outcomeOf } from "./reading/reading.ts";

export interface ExtractorOptions {
  /**
   * `auto`: PDFium reads the file, and then pdf-parse the pages that PDFium cannot read, within the time of one file.
   */
  readonly engine: "auto" | EngineName;
  /** How many files are read at a time, each in a child process. One more child is kept free for urgent files. */
  readonly concurrency: number;
  readonly limits: ExtractLimits;
  /** The format of the pages. Default: `text`. */
  readonly format?: TextFormat;
  /**
   * `name`, the default: PDFs that are attached to a file are only named. `read`: their pages are added after the
   * file's own pages. They count against the file's limits of pages and text, and all of them together have the time of
   * one more file.
   */
  readonly attachments?: "name" | "read";
  /**
   * The OCR for pages that have almost no text but show something. Without OCR, such pages are missing. The extractor
   * disposes the OCR.
   */
  readonly ocr?: Ocr;
  /** The CoreWatch, which must be that of `ocr`. By default, the extractor creates one. */
  readonly coreWatch?: CoreWatch;
}

type Within = ExtractOptions & { readonly limits: ExtractLimits };

interface Reader {
  readonly engines: readonly [EngineName, second?: EngineName];
  readonly pool: Pool;
  readonly coreWatch: CoreWatch;
  readonly ocr: Ocr | undefined;
  readonly format: TextFormat;
}

interface GivenFile {
  readonly input: ExtractInput;
  readonly options: Within;
}

/** @param start starts a child. Tests pass another function, whose children misbehave on purpose. */
export function createExtractor(
  {
    engine,
    concurrency,
    limits,
    format = "text",
    attachments = "name",
    ocr,
    coreWatch = createCoreWatch(),
  }: ExtractorOptions,
  start: typeof startChild = startChild,
): Extractor {
  const engines: Reader["engines"] = engine === "auto" ? ["pdfium", "pdf-parse"] : [engine];
  const startOne = (_: CoreWatch, inBackground: boolean): Child => start(engines[0], coreWatch, { inBackground });
  const pool = createPool(concurrency, startOne, { coreWatch, reserve: 1 });
  const reader: Reader = { engines, pool, coreWatch, ocr, format };

  return {
    async extract(input, options) {
      const outcome = await readFile(reader, input, { ...options, limits });
      if (attachments === "name" || outcome.kind === "failed" || !outcome.attachments) return outcome;
      const deadline = performance.now() + limits.timeoutMs;
      const deps = { pool, coreWatch, limits };
      return withAttached(outcome, await embeddedIn(deps, input, options.signal), limits, {
        msLeft: () => deadline - performance.now(),
        read: (bytes, left) => readFile(reader, { bytes }, { signal: options.signal, limits: left }),
      });
    },
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      await ocr?.recogniser[Symbol.asyncDispose]();
    },
  };
}

/** Reads a file with the first PDF engine, then the missing pages with the second engine and with OCR. */
async function readFile(reader: Reader, input: ExtractInput, options: Within): Promise<ExtractOutcome> {
  const { engines, pool, coreWatch, ocr, format } = reader;
  const [first, second] = engines;
  const { limits } = options;
  const run = createFileRun(first, limits);
  await readWith(reader, first, run, { input, options });
  if (second && run.needsAnotherEngine(performance.now())) await readWith(reader, second, run, { input, options });
  const reading = run.result();
  if (ocr && reading.end !== "busy") {
    const readers = { pool, ocr, limits, coreWatch };
    const inTime = { ...options, deadline: performance.now() + ocr.timeoutMs };
    await readScans(readers, reading, input, inTime);
    await readFigures(readers, reading, input, inTime);
  }
  const outcome = outcomeOf(reading, input.password !== undefined);
  if (outcome.kind === "failed") return outcome;
  const pages = format === "text" ? outcome.pages : withoutRunningLines(outcome.pages);
  return { ...outcome, pages: withFigureTexts(pages, reading.figureTexts, format) };
}

/**
 * Reads a file with one PDF engine. If the child gets almost no processor time and is ended, one other child, with a
 * higher priority, continues with the file.
 */
async function readWith(reader: Reader, name: EngineName, run: FileRun, file: GivenFile): Promise<void> {
  await readInChild(reader, name, run, file);
  if (run.reading.end === "starved") await readInChild(reader, name, run, file);
}

async function readInChild(
  { pool, coreWatch, format, ocr }: Reader,
  name: EngineName,
  run: FileRun,
  { input, options }: GivenFile,
): Promise<void> {
  const { bytes, password } = input;
  const { signal, isUrgent, onPage, limits } = options;
  const { maxPages, maxTextBytes, memoryBytes } = limits;
  const child = await pool.acquire(signal, isUrgent);
  let backward = NO_BACKWARD_READER;
  try {
    if (!run.beginChild(name, performance.now())) return;
    const figures = ocr?.figures === true;
    const job = { bytes, password, engine: name, format, figures, maxPages, maxTextBytes, from: run.nextPage };
    const worked = startStopwatch(child);
    const moment = (): Moment => ({ wall: performance.now(), cpu: worked() });
    const watch = { signal, memoryBytes, coreWatch, overdue: () => run.overdue(moment()) };
    const stopAt = (actions: readonly Action[]): void => {
      for (const action of actions) if (action.type === "stop") child.stop(action.before);
    };
    const onBackwardPage = (): void => stopAt(run.meet(backward));
    for await (const report of runJob(child, job, watch)) {
      const actions = run.report(report, backward, moment());
      stopAt(actions);
      for (const action of actions) {
        if (action.type === "progress") onPage?.(action.page, action.pages);
        else if (action.type === "read-backwards")
          backward = readBackwards({ pool, coreWatch, memoryBytes, signal, onPage: onBackwardPage }, job, action.pages);
        else if (action.type === "leave") return;
      }
    }
  } finally {
    backward.stop();
    pool.release(child);
  }
}
