import { execFile, type ExecFileOptions } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createExtractor, type ExtractLimits } from "../src/index.ts";
import { peakOfChildren, timed } from "./children.ts";

/**
 * Starts a program with the low priority of docrelay's children, so that a busy machine treats all readers alike. Where
 * `chrt` is installed, they have the policy SCHED_IDLE; with nice 19 alone they would get five times as much of a busy
 * core.
 */
const LOW_PRIORITY = [...(existsSync("/usr/bin/chrt") ? ["chrt", "--idle", "0"] : []), "nice", "-n", "19"];
const run = (file: string, args: readonly string[], options: ExecFileOptions = {}) => {
  const [first = file, ...rest] = [...LOW_PRIORITY, file, ...args];
  return promisify(execFile)(first, rest, { ...options, encoding: "utf8" });
};
const ROOM = { maxBuffer: 256 * 1024 * 1024 };

export interface ReadFile {
  readonly ms: number;
  /** The processor time in ms. NaN when unknown, for example because the process that read the file has ended. */
  readonly processorMs: number;
  readonly pages: number;
  readonly text: string;
}

/** A reader of PDFs: docrelay, or another one to compare it with. */
export interface Reader extends AsyncDisposable {
  readonly name: string;
  /** Reads files, one after the other. */
  read(paths: readonly string[]): Promise<ReadFile[]>;
  /** The most bytes of resident memory that a child has had so far. */
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
 * PyPDF2, if a Python on this machine has it. One process reads all files, and the time of its start does not count.
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
 * Poppler's pdftotext: one process for each file. The time of its start counts, because programs that use pdftotext
 * start it for each file.
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
