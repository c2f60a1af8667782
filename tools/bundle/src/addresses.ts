import { dirname, join, relative } from "node:path/posix";
import type { Program } from "./programs.ts";

/** Where a module comes from and goes to, below the root of the project. */
export interface Move {
  readonly source: string;
  readonly target: string;
  readonly programs: readonly Program[];
}

/** `join(import.meta.dirname, "….ts")` or `new URL("….ts", import.meta.url)`: a program that this one starts. */
const STARTED = /join\(import\.meta\.dirname, "([^"]+\.ts)"\)|new URL\("([^"]+\.ts)", import\.meta\.url\)/g;
const OWN = /\bimport\.meta\.(url|dirname|filename)\b/g;
/** Stands for the program's own address until all others are replaced. */
const HERE = "HERE_IN_THE_BUNDLE";

/**
 * Replaces the address of a module in its code by that of its source, so that in a bundle it still finds other files. The
 * programs that it starts are replaced by those that were built of them.
 * @throws Error when it starts a source file that is no program.
 */
export function keepAddresses(code: string, { source, target, programs }: Move): string {
  const url = (path: string): string => {
    const way = relative(dirname(target), path);
    return `new URL(${JSON.stringify(way.startsWith(".") ? way : `./${way}`)}, ${HERE})`;
  };
  return code
    .replace(STARTED, (_, joined?: string, resolved?: string) => {
      const path = join(dirname(source), joined ?? resolved ?? "");
      const program = programs.find((one) => one.source === path);
      if (!program) throw new Error(`${source} starts ${path}, which is no program of its own`);
      return joined === undefined ? url(program.target) : pathOf(url(program.target));
    })
    .replace(OWN, (_, what: string) => {
      if (what === "url") return `${url(source)}.href`;
      return pathOf(url(what === "dirname" ? dirname(source) : source));
    })
    .replaceAll(HERE, "import.meta.url");
}

function pathOf(url: string): string {
  return `process.getBuiltinModule("node:url").fileURLToPath(${url})`;
}
