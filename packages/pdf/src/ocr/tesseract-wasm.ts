import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OcrJob, OcrReport } from "../child/messages.ts";
import { resolved, startProgram, type Child } from "../children/child-process.ts";
import { PdfError } from "../port/extract.ts";
import type { Recogniser } from "./recogniser.ts";
import { watchStarving } from "../children/starving.ts";

const ENTRY = join(import.meta.dirname, "../child/ocr-child.ts");
const WATCH_MS = 50;
/** A child that nobody has needed for so long is ended: it holds 100 MB and more. */
const IDLE_MS = 30_000;

const STARVED = new Error("the OCR child had no core");

type OcrChild = Child<OcrJob, OcrReport>;

/** The language data of a package, or why there is none. */
function dataOf(code: string): { code: string; file: string } | undefined {
  try {
    const folder = dirname(resolved(`@tesseract.js-data/${code}`));
    // The smaller, exact one; not every language has it.
    const file = ["4.0.0_best_int", "4.0.0"].map((set) => join(folder, set, `${code}.traineddata.gz`)).find(existsSync);
    return file === undefined ? undefined : { code, file };
  } catch {
    return undefined;
  }
}

/**
 * Tesseract as WebAssembly, each page in a child that may be killed. Children start when they are needed.
 * @throws PdfError `ocr-missing` that names the package to install, when Tesseract or a language is missing.
 */
export function createTesseractWasm({
  languages,
  memoryBytes,
}: {
  languages: readonly string[];
  memoryBytes: number;
}): Recogniser {
  const data = languages.map((code) => {
    const found = dataOf(code);
    if (!found) throw new PdfError("ocr-missing", `OCR needs the package @tesseract.js-data/${code}`);
    return found;
  });
  const core = coreFile();
  const free: OcrChild[] = [];
  const all = new Set<OcrChild>();
  let idle: NodeJS.Timeout | undefined;

  function start(): OcrChild {
    const child = startProgram<OcrJob, OcrReport>(ENTRY, {
      argument: JSON.stringify(data),
      reads: [core, ...data.map(({ file }) => file)],
    });
    all.add(child);
    return child;
  }
  function drop(child: OcrChild): void {
    all.delete(child);
    child.kill();
  }
  function rest(): void {
    clearTimeout(idle);
    idle = setTimeout(() => free.splice(0).forEach(drop), IDLE_MS);
    idle.unref();
  }

  async function recognise(pgm: Uint8Array, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const child = free.pop() ?? start();
    try {
      const text = await read(child, pgm, signal, memoryBytes);
      free.push(child);
      rest();
      return text;
    } catch (error) {
      drop(child);
      if (error === STARVED) return recognise(pgm, signal);
      throw error;
    }
  }

  return {
    name: "tesseract-wasm",
    recognise,
    async [Symbol.asyncDispose]() {
      clearTimeout(idle);
      for (const child of all) drop(child);
    },
  };
}

function coreFile(): string {
  try {
    return resolved("tesseract.js-core");
  } catch (cause) {
    throw new PdfError("ocr-missing", "OCR needs the package tesseract.js-core", { cause });
  }
}

function read(child: OcrChild, pgm: Uint8Array, signal: AbortSignal, memoryBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const watch = setInterval(() => {
      if (child.memory() > memoryBytes) settle(() => reject(new Error("too much memory")));
    }, WATCH_MS);
    const full = watchStarving(child, () => settle(() => reject(STARVED)));
    const abort = (): void => settle(() => reject(signal.reason as Error));
    function settle(act: () => void): void {
      clearInterval(watch);
      full();
      signal.removeEventListener("abort", abort);
      child.onReport = undefined;
      child.onEnd = undefined;
      act();
    }
    child.onReport = (report) =>
      settle(() => (report.type === "text" ? resolve(report.text) : reject(new Error("the picture cannot be read"))));
    child.onEnd = () => settle(() => reject(new Error("the OCR child ended")));
    signal.addEventListener("abort", abort, { once: true });
    child.ready.then(
      () => child.send({ pgm }),
      (error: Error) => settle(() => reject(error)),
    );
  });
}
