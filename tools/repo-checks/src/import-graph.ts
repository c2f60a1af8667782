import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/** Which nodes each node imports. A node is a path from the repository's root, with slashes. */
export type Graph = ReadonlyMap<string, readonly string[]>;

const RELATIVE = /(?:\bfrom|\bimport\s*\(?)\s*["'](\.{1,2}\/[^"']+)["']/g;

/**
 * Returns the relative paths that a source file imports or re-exports, in order, including imports of types and
 * `import()`.
 */
export function relativeImports(source: string): string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(RELATIVE)].map(([, path = ""]) => path);
}

/** Returns the files below the `src/` of every app, package and tool, except tests and contract suites. */
export function sourceFiles(root: string): string[] {
  return globSync("{apps,packages,tools}/*/src/**/*.{ts,tsx}", { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !/\.(test|contract)\.tsx?$/.test(path) && !path.includes("/node_modules/"))
    .toSorted();
}

export function fileGraph(root: string): Graph {
  return new Map(
    sourceFiles(root).map((file) => [
      file,
      relativeImports(readFileSync(join(root, file), "utf8")).map((path) => posix.join(dirname(file), path)),
    ]),
  );
}

/** Returns the same graph with folders as nodes. A file directly in a `src/` remains a node of its own. */
export function folderGraph(files: Graph): Graph {
  const folders = new Map<string, string[]>();
  const nodeOf = (file: string): string => (dirname(file).endsWith("/src") ? file : dirname(file));
  for (const [file, imports] of files) {
    const from = nodeOf(file);
    const others = imports.map(nodeOf).filter((to) => to !== from);
    folders.set(from, [...(folders.get(from) ?? []), ...others]);
  }
  return folders;
}
