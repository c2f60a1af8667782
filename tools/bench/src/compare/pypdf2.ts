import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { makePrivateFolder } from "../processes/private-process.ts";
import { typesetPdf } from "../side/pdf-file.ts";
import type { RoundFigures } from "./ratios.ts";

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, "../../../../packages/pdf/bench/pypdf2.py");
const FILES_AT_ONCE = 4;
const OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Extracts files of `pages` pages with PyPDF2, in one process at a time, for about `durationMs`. The start of Python is
 * not counted.
 * @throws Error when there is no Python with PyPDF2.
 */
export async function readWithPypdf2(of: { pages: number; durationMs: number }): Promise<RoundFigures> {
  using folder = makePrivateFolder();
  const paths = Array.from({ length: FILES_AT_ONCE }, (_, index) => {
    const path = join(folder.path, `${index}.pdf`);
    writeFileSync(path, typesetPdf(of.pages));
    return path;
  });
  let [pages, seconds, processor] = [0, 0, 0];
  const end = performance.now() + of.durationMs;
  while (performance.now() < end) {
    const { stdout } = await run("python3", [PROGRAM, ...paths], { maxBuffer: OUTPUT_BYTES });
    for (const line of stdout.trim().split("\n")) {
      const file = JSON.parse(line) as { pages: number; seconds: number; processor: number };
      [pages, seconds, processor] = [pages + file.pages, seconds + file.seconds, processor + file.processor];
    }
  }
  return { "pages/s": pages / seconds, "CPU (ms a page)": (processor * 1000) / pages };
}
