import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { rollUp, type DeclarationFiles } from "./declarations.ts";
import { ROOT } from "./programs.ts";

/**
 * With this condition of `exports` in `package.json`, tools resolve the packages of this repository to their sources.
 */
export const SOURCE_CONDITION = "@docrelay/source";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * Builds a package that others install: from its `src/index.ts` and `tsconfig.build.json` to its folder `dist`, whose
 * old files are deleted. Imported packages become part of it, unless its `package.json` lists them as `dependencies` or
 * `peerDependencies`.
 * - `*.js` are ES modules, one for each source, so that a bundler leaves out whole modules;
 * - `index.cjs` is the whole package for `require`;
 * - `index.d.ts` and `index.d.cts` declare what `index` exports.
 */
export async function buildLibrary(folder: string): Promise<void> {
  const dist = join(folder, "dist");
  rmSync(dist, { recursive: true, force: true });
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  ) as Manifest;
  const outside = Object.keys({ ...dependencies, ...peerDependencies });
  await using bundle = await rolldown({
    input: join(folder, "src/index.ts"),
    cwd: folder,
    platform: "neutral",
    tsconfig: join(folder, "tsconfig.build.json"),
    resolve: { conditionNames: [SOURCE_CONDITION, "import"] },
    external: (id) => outside.some((name) => id === name || id.startsWith(`${name}/`)),
    checks: { bundlerTimings: false },
    onLog(level, { code, message }) {
      // The bundler warns of the directive `"use client"`, which the modules are to keep.
      if (level === "warn" && code !== "MODULE_LEVEL_DIRECTIVE") throw new Error(message);
    },
  });
  await bundle.write({
    dir: dist,
    format: "esm",
    preserveModules: true,
    preserveModulesRoot: join(folder, "src"),
    virtualDirname: "rolldown",
    entryFileNames: ({ name }) =>
      `${name.replaceAll(/^(?:\.\.\/)+|(?:^|\/)(?:packages|src)(?=\/)/g, "").replace(/^\//, "")}.js`,
    comments: { legal: true, annotation: true, jsdoc: false },
  });
  await bundle.write({
    file: join(dist, "index.cjs"),
    format: "cjs",
    codeSplitting: false,
    comments: { legal: true, annotation: true, jsdoc: false },
  });
  const declared = rollUp(declarationsOf(folder), outside);
  for (const name of ["index.d.ts", "index.d.cts"]) writeFileSync(join(dist, name), declared);
}

/** Runs the compiler, which writes the declarations of a package's sources. */
function declarationsOf(folder: string): DeclarationFiles {
  const out = mkdtempSync(join(tmpdir(), "declarations-"));
  try {
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
    const words = ["-p", join(folder, "tsconfig.build.json"), "--emitDeclarationOnly", "--outDir", out];
    execFileSync(process.execPath, [compiler, ...words], { stdio: ["ignore", "inherit", "inherit"] });
    const files = globSync("**/*.d.ts", { cwd: out });
    return new Map(files.map((file) => [file.replaceAll("\\", "/"), readFileSync(join(out, file), "utf8")]));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
