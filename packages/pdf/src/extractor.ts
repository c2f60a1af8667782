import { isPage, type Report } from "./child/messages.ts";
import type { ExtractInput, ExtractLimits, ExtractOptions, Extractor } from "./port/extract.ts";
import { startChild, type Child } from "./children/child-process.ts";
import { helpFromEnd, NO_HELP } from "./reading/help-from-end.ts";
import type { EngineName } from "./engines/page-engine.ts";
import { createPool } from "./children/pool.ts";
import {
  beginReading,
  lastRead,
  outcomeOf,
  read,
  together,
  worthAnotherEngine,
  type End,
  type Reading,
} from "./reading/reading.ts";
import { readScans, type Ocr } from "./ocr/read-scans.ts";
import { runJob } from "./children/run-job.ts";

export interface ExtractorOptions {
  /** `auto`: PDFium first, pdf-parse for what it cannot read, within one time budget. */
  readonly engine: "auto" | EngineName;
  /** Files at a time: as many child processes. */
  readonly concurrency: number;
  readonly limits: ExtractLimits;
  /** Reads pages that have next to no text and show something; without it they stay missing. Ended with the extractor. */
  readonly ocr?: Ocr;
}

/** Both engines together may take so many stalls' time for one page, and the second one begins with no less than this. */
const SHARED_STALLS = 1.3;
const LEAST_MS = 500;

/** So many pages are read before another child is sent to help, and so many must then be left to be worth it. */
const ALONE_PAGES = 3;
const WORTH_HELP_PAGES = 8;

/** When a file's time is up, over both engines. */
interface Clock {
  /** Of the whole file; undefined until a child has begun with it: waiting for one is no fault of the file. */
  deadline: number | undefined;
  lastPage: number;
  /** Pages told of: a second engine begins anew, but nobody's progress goes back. */
  told: number;
}

/** @param start starts a child with an engine; tests pass one whose children stall or allocate on purpose. */
export function createExtractor(
  { engine, concurrency, limits, ocr }: ExtractorOptions,
  start: (engine: EngineName) => Child = startChild,
): Extractor {
  const [first, second] = engine === "auto" ? (["pdfium", "pdf-parse"] as const) : ([engine, undefined] as const);
  const pool = createPool(concurrency, () => start(first));

  return {
    async extract(input, options) {
      const clock: Clock = { deadline: undefined, lastPage: 0, told: 0 };
      let best = (await readWith(first, input, options, clock)) ?? beginReading(first);
      if (second && worthAnotherEngine(best) && leftOf(clock) > LEAST_MS) {
        const other = await readWith(second, input, options, clock);
        best = other ? together(best, other, limits) : { ...best, end: "time" };
      }
      if (ocr) best = await readScans({ pool, ocr, limits }, best, input, options);
      return outcomeOf(best, input.password !== undefined);
    },
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      await ocr?.recogniser[Symbol.asyncDispose]();
    },
  };

  /** What is left for the page at hand when another engine is to try it. */
  function leftOf({ deadline = 0, lastPage }: Clock): number {
    const now = performance.now();
    return Math.min(limits.stallMs, SHARED_STALLS * limits.stallMs - (now - lastPage), deadline - now);
  }

  /** Undefined: the file's time was up before there was a child. One that starves is followed by another, once. */
  async function readWith(
    name: EngineName,
    input: ExtractInput,
    options: ExtractOptions,
    clock: Clock,
  ): Promise<Reading | undefined> {
    const reading = await goOn(beginReading(name), name, input, options, clock);
    if (reading?.end !== "starved") return reading;
    return (await goOn({ ...reading, end: undefined }, name, input, options, clock)) ?? { ...reading, end: "time" };
  }

  async function goOn(
    before: Reading,
    name: EngineName,
    { bytes, password }: ExtractInput,
    { signal, onPage }: ExtractOptions,
    clock: Clock,
  ): Promise<Reading | undefined> {
    const child = await pool.take(signal);
    const begun = performance.now();
    let reading = before;
    let stallMs = limits.stallMs;
    if (clock.deadline === undefined) Object.assign(clock, { deadline: begun + limits.timeoutMs, lastPage: begun });
    else {
      // The wait for another child is part of the file's time: mostly it was the file that killed the first.
      stallMs = leftOf(clock);
      if (stallMs <= LEAST_MS) {
        pool.give(child, true);
        return undefined;
      }
    }
    const deadline = clock.deadline ?? begun;
    let since = begun;
    const { maxPages, maxTextBytes, memoryBytes } = limits;
    const from = lastRead(before) + 1;
    const job = { bytes, password, engine: name, maxPages, maxTextBytes, from };
    let helper = NO_HELP;
    let fit = false;
    /** Pages come here in their order, whoever has read them. */
    const accept = (what: Report | End): void => {
      reading = read(reading, what, limits);
      if (!isPage(what) || reading.total === undefined) return;
      const known = Math.min(what.page + helper.count, reading.total);
      if (known <= clock.told) return;
      clock.told = known;
      onPage?.(known, reading.total);
    };
    try {
      fit = await runJob(child, job, {
        signal,
        memoryBytes,
        isLate: (now) => now > deadline || now - since > stallMs,
        take(what) {
          if (isPage(what)) {
            since = performance.now();
            stallMs = limits.stallMs;
            if (what.type === "page") clock.lastPage = since;
            const pages = reading.total ?? 0;
            if (what.page === from + ALONE_PAGES - 1 && pages - what.page >= WORTH_HELP_PAGES && name === first)
              helper = helpFromEnd(pool, job, { pages, memoryBytes, signal });
            if (what.page + 1 >= helper.first) child.stop();
            if (what.page >= helper.first) return false;
          } else if (typeof what !== "string" && what.type === "done") {
            helper.pagesAfter(lastRead(reading)).forEach(accept);
          }
          accept(what);
          return reading.end !== undefined;
        },
      });
      return reading;
    } finally {
      helper.stop();
      pool.give(child, fit);
    }
  }
}
