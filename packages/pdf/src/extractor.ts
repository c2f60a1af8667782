import type { Child } from "./child-process.ts";
import type { ExtractInput, ExtractLimits, ExtractOptions, Extractor } from "./extract.ts";
import type { EngineName } from "./page-engine.ts";
import { createPool } from "./pool.ts";
import { beginReading, fuller, outcomeOf, read, worthAnotherEngine, type End, type Reading } from "./reading.ts";

export interface ExtractorOptions {
  /** `auto`: PDFium first, pdf-parse for what it cannot read, within one time budget. */
  readonly engine: "auto" | EngineName;
  /** Files at a time: as many child processes. */
  readonly concurrency: number;
  readonly limits: ExtractLimits;
}

const WATCH_MS = 50;

export function createExtractor({ engine, concurrency, limits }: ExtractorOptions): Extractor {
  const [first, second]: EngineName[] = engine === "auto" ? ["pdfium", "pdf-parse"] : [engine];
  const pool = createPool(concurrency, first ?? "pdfium");

  return {
    async extract(input, options) {
      const deadline = performance.now() + limits.timeoutMs;
      let best = await readWith(first ?? "pdfium", input, options, deadline);
      if (second && worthAnotherEngine(best)) {
        const other = await readWith(second, input, options, deadline);
        // A second opinion that ran out of time says less than the first one's verdict on the file.
        best =
          best.end === "invalid" && other.end === "encrypted"
            ? other
            : best.texts.size === 0 && other.end !== "done" && best.end !== "crash"
              ? best
              : fuller(best, other);
      }
      return outcomeOf(best, input.password !== undefined);
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };

  async function readWith(
    name: EngineName,
    input: ExtractInput,
    options: ExtractOptions,
    deadline: number,
  ): Promise<Reading> {
    const child = await pool.take(options.signal);
    let reading = beginReading(name);
    try {
      reading = await watched(child, name, input, options, deadline);
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
    deadline: number,
  ): Promise<Reading> {
    return new Promise((resolve, reject) => {
      let reading = beginReading(name);
      let lastPage = performance.now();
      const step = (what: Parameters<typeof read>[1]): void => {
        if (reading.end) return;
        reading = read(reading, what, limits);
        if (reading.end) settle(() => resolve(reading));
      };
      const watch = setInterval(() => {
        const now = performance.now();
        if (now > deadline || now - lastPage > limits.stallMs) step("time");
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
        lastPage = performance.now();
        step(report);
        const page = report.type === "page" || report.type === "lost" ? report.page : 0;
        if (page > 0 && reading.total !== undefined) options.onPage?.(page, reading.total);
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
