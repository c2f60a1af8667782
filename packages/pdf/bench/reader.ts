import { execFile, type ExecFileOptions } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createExtractor, type ExtractLimits } from "../src/index.ts";
import { peakOfChildren, timed } from "./children.ts";

/**
 * A prefix for commands: it gives a program the low priority of docrelay's children, so that a busy machine slows all
 * readers alike. The prefix contains `chrt` if that is installed: with nice 19 alone, a program would get five times as
 * much of a busy core as docrelay's children.
 */
const LOW_PRIORITY = [...(existsSync("/usr/bin/chrt") ? ["chrt", "--idle", "0"] : []), "nice", "-n", "19"];
const run = (file: string, args: readonly string[], options: ExecFileOptions = {}) => {
  const [first = file, ...rest] = [...LOW_PRIORITY, file, ...args];
  return promisify(execFile)(first, rest, { ...options, encoding: "utf8" });
};
const ROOM = { maxBuffer: 256 * 1024 * 1024 };

export interface ReadFile {
  readonly ms: number;
  /** Processor time in ms; NaN if it is unknown, for example because the process has ended. */
  readonly processorMs: number;
  readonly pages: number;
  readonly text: string;
}

/** A reader of PDFs that is measured: docrelay or another program. */
export interface Reader extends AsyncDisposable {
  readonly name: string;
  read(paths: readonly string[]): Promise<ReadFile[]>;
  /** The most bytes of resident memory that a child has used so far; 0 if unknown. */
  peak(): number;
}

/** docrelay with one or two children. Two children read a long file together when no other file waits. */
export function ours(engine: "auto" | "pdf-parse", children: 1 | 2, limits: ExtractLimits): Reader {
  const extractor = createExtractor({ engine, concurrency: children, limits });
  let peak = 0;
  return {
    name: children === 1 ? `${engine}, one child` : engine,
    async read(paths) {
      const files: ReadFile[] = [];
      for (const path of paths) {
        const bytes = readFileSync(path);
        const { value, ms, processorMs } = await timed(() =>
          extractor.extract({ bytes }, { signal: new AbortController().signal }),
        );
        const pages = value.kind === "text" ? value.pages : [];
        files.push({ ms, processorMs, pages: pages.length, text: pages.join("\n") });
        peak = Math.max(peak, peakOfChildren());
      }
      return files;
    },
    peak: () => peak,
    [Symbol.asyncDispose]: () => extractor[Symbol.asyncDispose](),
  };
}

/**
 * PyPDF2; undefined if no Python on this machine has it. One process reads all files; the time of its start does not
 * count.
 */
export async function pypdf2(): Promise<Reader | undefined> {
  for (const python of ["python3", "/usr/bin/python3"]) {
    const version = await run(python, ["-c", "import PyPDF2; print(PyPDF2.__version__)"]).catch(() => undefined);
    if (!version) continue;
    return {
      name: `PyPDF2 ${version.stdout.trim()}`,
      async read(paths) {
        const { stdout } = await run(python, [join(import.meta.dirname, "pypdf2.py"), ...paths], ROOM);
        return stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as { seconds: number; processor: number; pages: number; text: string })
          .map((file) => ({
            ms: file.seconds * 1000,
            processorMs: file.processor * 1000,
            pages: file.pages,
            text: file.text,
          }));
      },
      peak: () => 0,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  return undefined;
}

/**
 * The program pdftotext of Poppler; undefined if it is not installed. Each file needs a process of its own. The time of
 * its start counts, because whoever uses pdftotext has to start it for each file, too.
 */
export async function pdftotext(): Promise<Reader | undefined> {
  // With -v, pdftotext prints its version to stderr.
  const version = await run("pdftotext", ["-v"]).catch(() => undefined);
  if (!version) return undefined;
  return {
    name: `pdftotext ${/[\d.]+/.exec(version.stderr)?.[0] ?? ""}`.trim(),
    async read(paths) {
      const files: ReadFile[] = [];
      for (const path of paths) {
        const begun = performance.now();
        const { stdout } = await run("pdftotext", [path, "-"], ROOM);
        const ms = performance.now() - begun;
        files.push({ ms, processorMs: Number.NaN, pages: stdout.split("\f").length - 1, text: stdout });
      }
      return files;
    },
    peak: () => 0,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
