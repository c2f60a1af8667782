import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { createCoreWatch, type CoreWatch } from "../children/core-watch.ts";
import { lowerPriority } from "../children/process-info.ts";
import type { Recogniser } from "./recogniser.ts";

const LIST_MS = 5000;
const MAX_TEXT_BYTES = 4_194_304;

/** Languages that the program `tesseract` on this PATH can read; undefined when there is none. */
export async function nativeLanguages(path: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const options = { env: { PATH: path }, timeout: LIST_MS };
    const { stdout } = await promisify(execFile)("tesseract", ["--list-langs"], options);
    return new Set(stdout.split("\n").slice(1).filter(Boolean));
  } catch {
    return undefined;
  }
}

/** The program `tesseract`: a process a page, with one thread and a lower priority; killed on abort. */
export function createTesseractNative({
  languages,
  path,
  coreWatch = createCoreWatch(),
}: {
  languages: readonly string[];
  path: string;
  coreWatch?: CoreWatch;
}): Recogniser {
  return {
    name: "tesseract",
    recognise: (pgm, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const child = spawn("tesseract", ["stdin", "stdout", "-l", languages.join("+"), "--psm", "3"], {
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
          if (size > MAX_TEXT_BYTES) child.kill("SIGKILL");
          else pieces.push(piece);
        });
        child.stdin.on("error", () => undefined); // it ended before it had read all: its code says why
        child.stdin.end(pgm);
        child.once("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error));
        child.once("close", (code) => {
          if (code === 0) resolve(Buffer.concat(pieces).toString("utf8"));
          else reject(new Error(`tesseract ended with ${code}`));
        });
      }),
    async [Symbol.asyncDispose]() {
      // Each process ends with its page.
    },
  };
}
