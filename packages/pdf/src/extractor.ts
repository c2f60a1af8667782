import type { Child } from "./child-process.ts";
import type { ExtractInput, ExtractLimits, ExtractOptions, Extractor } from "./extract.ts";
import type { EngineName } from "./page-engine.ts";
import { createPool } from "./pool.ts";
import { beginReading, better, outcomeOf, read, worthAnotherEngine, type End, type Reading } from "./reading.ts";

export interface ExtractorOptions {
  /** `auto`: PDFium first, pdf-parse for what it cannot read, within one time budget. */
  readonly engine: "auto" | EngineName;
  /** Files at a time: as many child processes. */
  readonly concurrency: number;
  readonly limits: ExtractLimits;
}

const WATCH_MS = 50;
/** Both engines together may take so many stalls' time for one page, and the second one begins with no less than this. */
const SHARED_STALLS = 1.4;
const LEAST_MS = 500;

/** When a file's time is up, over both engines. */
interface Clock {
  /** Of the whole file; undefined until a child has begun with it: waiting for one is no fault of the file. */
  deadline: number | undefined;
  lastPage: number;
  /** Until the next page. */
  stallMs: number;
  /** Pages told of. */
  told: number;
}

export function createExtractor({ engine, concurrency, limits }: ExtractorOptions): Extractor {
  const [first, second]: EngineName[] = engine === "auto" ? ["pdfium", "pdf-parse"] : [engine];
  const pool = createPool(concurrency, first ?? "pdfium");

  return {
    async extract(input, options) {
      const clock: Clock = { deadline: undefined, lastPage: 0, stallMs: limits.stallMs, told: 0 };
      let best = await readWith(first ?? "pdfium", input, options, clock);
      if (second && worthAnotherEngine(best) && leftOf(clock) > LEAST_MS) {
        clock.stallMs = leftOf(clock);
        best = better(best, await readWith(second, input, options, clock));
      }
      return outcomeOf(best, input.password !== undefined);
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };

  /** What is left for the page at hand when another engine is to try it. */
  function leftOf({ deadline = 0, lastPage }: Clock): number {
    const now = performance.now();
    return Math.min(limits.stallMs, SHARED_STALLS * limits.stallMs - (now - lastPage), deadline - now);
  }

  async function readWith(
    name: EngineName,
    input: ExtractInput,
    options: ExtractOptions,
    clock: Clock,
  ): Promise<Reading> {
    const child = await pool.take(options.signal);
    let reading = beginReading(name);
    const now = performance.now();
    if (clock.deadline === undefined) Object.assign(clock, { deadline: now + limits.timeoutMs, lastPage: now });
    try {
      reading = await watched(child, name, input, options, clock);
      return reading;
    } finally {
      pool.give(child, reading.end === "done" || reading.end === "invalid" || reading.end === "encrypted");
    }
  }

  /** One file in one child: what it reports, what the clock says, what it takes of memory, and whether it lives. */
  function watched(
    child: Child,
    name: EngineName,
    input: ExtractInput,
    options: ExtractOptions,
    clock: Clock,
  ): Promise<Reading> {
    return new Promise((resolve, reject) => {
      let reading = beginReading(name);
      let stallMs = clock.stallMs;
      let since = performance.now();
      const step = (what: Parameters<typeof read>[1]): void => {
        if (reading.end) return;
        reading = read(reading, what, limits);
        if (reading.end) settle(() => resolve(reading));
      };
      const watch = setInterval(() => {
        const now = performance.now();
        if (now > (clock.deadline ?? now) || now - since > stallMs) step("time");
        else void child.memory().then((bytes) => bytes > limits.memoryBytes && step("memory"));
      }, WATCH_MS);
      const abort = (): void => settle(() => reject(options.signal.reason as Error));
      function settle(act: () => void): void {
        clearInterval(watch);
        options.signal.removeEventListener("abort", abort);
        child.onReport = undefined;
        child.onEnd = undefined;
        act();
      }
      child.onReport = (report) => {
        step(report);
        if (report.type !== "page" && report.type !== "lost") return;
        since = performance.now();
        if (report.type === "page") clock.lastPage = since;
        stallMs = limits.stallMs;
        // A second engine begins anew, but nobody's progress goes back.
        if (reading.total === undefined || report.page <= clock.told) return;
        clock.told = report.page;
        options.onPage?.(report.page, reading.total);
      };
      child.onEnd = (code) => step(endOf(code));
      options.signal.addEventListener("abort", abort, { once: true });
      if (options.signal.aborted) return abort();
      const { bytes, password } = input;
      const { maxPages, maxTextBytes } = limits;
      child.send({ bytes, password, engine: name, maxPages, maxTextBytes });
    });
  }
}

/** V8 aborts when its heap is full; that is the only thing we know to abort here. */
function endOf(code: number | null): End {
  return code === 134 || code === null ? "memory" : "crash";
}
