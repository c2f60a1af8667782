import { dirname, join, relative } from "node:path/posix";
import type { Program } from "./programs.ts";

/** Which module moves into which bundle: the paths of its source and of the bundle, both from the project's root. */
export interface Move {
  readonly source: string;
  readonly target: string;
  readonly programs: readonly Program[];
}

/**
 * Matches a program that this module starts: `join(import.meta.dirname, "….ts")` or `new URL("….ts", import.meta.url)`.
 */
const STARTED = /join\(import\.meta\.dirname, "([^"]+\.ts)"\)|new URL\("([^"]+\.ts)", import\.meta\.url\)/g;
const OWN = /\bimport\.meta\.(url|dirname|filename)\b/g;
/**
 * Stands for `import.meta.url` in the addresses that `keepAddresses` writes, until all are written: otherwise the next
 * replacement would replace them, too.
 */
const HERE = "HERE_IN_THE_BUNDLE";

/**
 * Replaces `import.meta.url`, `.dirname` and `.filename` in a module's code by those of its source, so that the module still finds other files
 * when it is in a bundle. Addresses of programs that the module starts are replaced by those of the built programs.
 * @throws Error when the module starts a source file that is not a program.
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
