import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/** The imports of each node. A node is a path from the repository's root, with `/`. */
export type Graph = ReadonlyMap<string, readonly string[]>;

const RELATIVE = /(?:\bfrom|\bimport\s*\(?)\s*["'](\.{1,2}\/[^"']+)["']/g;

/**
 * The relative paths that a source file imports or re-exports, in order; imports of types and `import()` count, too.
 */
export function relativeImports(source: string): string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(RELATIVE)].map(([, path = ""]) => path);
}

/** The files below the `src/` of every app, package and tool, except tests and files that only tests use. */
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

/**
 * The same graph by folder: a file directly in a `src/` is its own node, and any other file belongs to its folder's
 * node.
 */
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
