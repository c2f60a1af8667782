import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { createCoreWatch, type CoreWatch } from "../children/core-watch.ts";
import { lowerPriority } from "../children/process-info.ts";
import type { Rotation } from "../text/rotation.ts";
import { languagesOfScript } from "./languages.ts";
import type { Look, Recogniser } from "./recogniser.ts";
import { LOCAL_THRESHOLDS, PARAGRAPHS, SPARSE, wordsOf } from "./words.ts";

const LIST_MS = 5000;
/** The most bytes that the program may print for one page. */
const MAX_OUTPUT_BYTES = 16_777_216;
/** The model with which Tesseract detects a page's orientation and script without reading it. */
const DETECTION = "osd";

/** The languages that the program `tesseract` on this PATH can read; undefined when there is no such program. */
export async function nativeLanguages(path: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const options = { env: { PATH: path }, timeout: LIST_MS };
    const { stdout } = await promisify(execFile)("tesseract", ["--list-langs"], options);
    return new Set(stdout.split("\n").slice(1).filter(Boolean));
  } catch {
    return undefined;
  }
}

/**
 * OCR by the program `tesseract`. Each page has a process of its own, with one thread and a lower priority, which is
 * killed on abort. With `auto`, a page is read with the installed languages of Latin script; `look` suggests the
 * languages of the script that it detects.
 */
export function createTesseractNative({
  languages,
  installed,
  path,
  coreWatch = createCoreWatch(),
}: {
  languages: readonly string[] | "auto";
  installed: ReadonlySet<string>;
  path: string;
  coreWatch?: CoreWatch;
}): Recogniser {
  const usual = languages === "auto" ? (languagesOfScript("Latin", installed) ?? "eng") : languages.join("+");
  const run = (pgm: Uint8Array, signal: AbortSignal, options: readonly string[]): Promise<string> =>
    runTesseract(pgm, options, { signal, path, coreWatch });
  return {
    name: "tesseract",
    async recognise(pgm, signal, { languages: others = usual, sparse = false, uneven = false } = {}) {
      const threshold = uneven ? ["-c", `thresholding_method=${LOCAL_THRESHOLDS}`] : [];
      const options = ["-l", others, "--psm", sparse ? SPARSE : PARAGRAPHS, ...threshold, "tsv"];
      return wordsOf(await run(pgm, signal, options));
    },
    ...(installed.has(DETECTION) && {
      async look(pgm, signal) {
        const look = lookOf(await run(pgm, signal, ["-l", DETECTION, "--psm", "0"]));
        if (!look) return undefined;
        const others = languages === "auto" ? languagesOfScript(look.script, installed) : undefined;
        return { rotation: look.rotation, ...(others !== undefined && { languages: others }) } satisfies Look;
      },
    }),
    async [Symbol.asyncDispose]() {
      // Nothing to end: each process ends with its page.
    },
  };
}

/**
 * The orientation and the script of a page, from what Tesseract's detection has printed; undefined if the page has too
 * few letters for that.
 */
function lookOf(output: string): { readonly rotation: Rotation; readonly script: string } | undefined {
  const degrees = /^Rotate: (\d+)/m.exec(output)?.[1];
  const script = /^Script: (\w+)/m.exec(output)?.[1];
  if (degrees === undefined || script === undefined) return undefined;
  return { rotation: (Math.round(Number(degrees) / 90) % 4) as Rotation, script };
}

/** Runs `tesseract` with a picture as its standard input. Resolves with what it prints. */
function runTesseract(
  pgm: Uint8Array,
  options: readonly string[],
  { signal, path, coreWatch }: { signal: AbortSignal; path: string; coreWatch: CoreWatch },
): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn("tesseract", ["stdin", "stdout", ...options], {
      env: { PATH: path, OMP_THREAD_LIMIT: "1" },
      stdio: ["pipe", "pipe", "ignore"],
      signal,
      killSignal: "SIGKILL",
    });
    lowerPriority(child.pid, !coreWatch.coresAreFull());
    const pieces: Buffer[] = [];
    let size = 0;
    child.stdout.on("data", (piece: Buffer) => {
      size += piece.length;
      if (size > MAX_OUTPUT_BYTES) child.kill("SIGKILL");
      else pieces.push(piece);
    });
    child.stdin.on("error", () => undefined); // if the program ends early, its exit code tells the reason
    child.stdin.end(pgm);
    child.once("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    child.once("close", (code) => {
      if (code === 0) resolve(Buffer.concat(pieces).toString("utf8"));
      else reject(new Error(`tesseract ended with ${code}`));
    });
  });
}
