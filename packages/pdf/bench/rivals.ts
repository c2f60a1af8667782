import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A program that reads PDFs, with which docrelay's text is compared. */
export interface Rival {
  readonly name: string;
  /** Returns the text of each page; undefined when the reader cannot read the file. */
  read(path: string): Promise<string[] | undefined>;
}

const LIMITS = { timeout: 60_000, killSignal: "SIGKILL", maxBuffer: 256 * 1024 * 1024, encoding: "utf8" } as const;
const run = promisify(execFile);

/** Returns those of the programs pdftotext (package poppler-utils) and mutool (mupdf-tools) that are installed. */
export async function rivalsOf(): Promise<Rival[]> {
  const found = await Promise.all([
    rival("pdftotext", (path) => [path, "-"]),
    rival("mutool", (path) => ["draw", "-q", "-F", "text", path]),
  ]);
  return found.filter((one) => one !== undefined);
}

async function rival(name: string, argumentsOf: (path: string) => string[]): Promise<Rival | undefined> {
  // With -v, pdftotext and mutool print their version to stderr.
  const version = await run(name, ["-v"], LIMITS).catch((error: unknown) => error as { stderr?: string });
  const number = /\d+\.[\d.]+/.exec(version.stderr ?? "")?.[0];
  if (number === undefined) return undefined;
  return {
    name: `${name} ${number}`,
    async read(path) {
      const { stdout } = await run(name, argumentsOf(path), LIMITS).catch(() => ({ stdout: undefined }));
      return stdout?.replace(/\f\s*$/, "").split("\f");
    },
  };
}
