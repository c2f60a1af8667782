import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { rolldown, type Plugin } from "rolldown";
import { keepAddresses } from "./addresses.ts";
import { PROGRAMS, ROOT, type Program } from "./programs.ts";

/**
 * A library that is not bundled: docrelay edits its code while it is loaded, and most child processes never load it.
 */
const EXTERNAL = "pdf-parse";
/** Packages whose modules have no side effects when loaded, so that their unused parts are left out. */
const WITHOUT_EFFECTS = /\/node_modules\/(bullmq|luxon|cron-parser|ioredis|prom-client|pino)\//;
const SCRIPTS = "packages/channel/src";
const READ_SCRIPT = 'readFileSync(file, "utf8")';
const SOURCE_STACK = "tools/bundle/src/runtime/source-stack.ts";

/**
 * Builds one program: writes its file, and its source map if it is traced. Returns the paths of all files that are part
 * of it.
 * @throws Error, also for a warning: a program that lacks a part must not be built.
 */
export async function buildProgram(program: Program): Promise<string[]> {
  await using bundle = await rolldown({
    input: join(ROOT, program.source),
    cwd: ROOT,
    platform: "node",
    resolve: { mainFields: ["module", "main"] },
    treeshake: { moduleSideEffects: (id) => !WITHOUT_EFFECTS.test(posix(id)) },
    plugins: [changeSources(program)],
    // Turns off warnings about the duration of the build: a busy machine must not make the build fail.
    checks: { bundlerTimings: false },
    onLog(level, { code, message }) {
      // The warning SOURCEMAP_BROKEN is ignored: `toAscii` breaks no line, so the source map stays right, except for
      // columns after a replaced character.
      if (level === "warn" && code !== "SOURCEMAP_BROKEN") throw new Error(`${program.target}: ${message}`);
    },
  });
  const { output } = await bundle.write({
    file: join(ROOT, program.target),
    format: "esm",
    codeSplitting: false,
    comments: { legal: true, annotation: false, jsdoc: false },
    sourcemap: program.traced ? "hidden" : false,
    sourcemapExcludeSources: true,
  });
  return Object.keys(output[0].modules);
}

function changeSources({ source, target, traced }: Program): Plugin {
  return {
    name: "change-sources",
    resolveId: {
      order: "pre",
      async handler(id, importer) {
        if (id !== EXTERNAL || importer === undefined) return undefined;
        const found = await this.resolve(id, importer, { skipSelf: true });
        if (!found) throw new Error(`${id} is not installed`);
        return { id: externalAddress(found.id, importer, target), external: true };
      },
    },
    transform: {
      order: "pre",
      handler(code, id) {
        const path = below(ROOT, id);
        if (path.startsWith("../") || path.includes("node_modules/")) return undefined;
        let text = keepAddresses(code, { source: path, target, programs: PROGRAMS });
        if (path === `${SCRIPTS}/redis/script.ts`) text = withScripts(text);
        if (traced && path === source) text = `import ${JSON.stringify(join(ROOT, SOURCE_STACK))}; ${text}`;
        return text === code ? undefined : { code: text, map: lineMap(code, id) };
      },
    },
    renderChunk: toAscii,
  };
}

/** Returns the source map of a change that keeps all lines: it maps the first column of each line to itself. */
function lineMap(code: string, source: string): { mappings: string; sources: string[] } {
  return { mappings: `AAAA${";AACA".repeat(code.split("\n").length - 1)}`, sources: [source] };
}

/**
 * Returns the path from the program to a library's file, through the folder `node_modules` of the package that imports
 * it; symbolic links are not followed.
 */
function externalAddress(file: string, importer: string, target: string): string {
  const [, owner = ""] = /^((?:apps|packages)\/[^/]+)\//.exec(below(ROOT, importer)) ?? [];
  const inside = posix(file).slice(posix(file).lastIndexOf("/node_modules/"));
  return below(dirname(join(ROOT, target)), join(ROOT, owner + inside));
}

/** Puts the texts of all Lua files into the module that would read them, in place of the reading. */
function withScripts(code: string): string {
  if (!code.includes(READ_SCRIPT)) throw new Error(`${SCRIPTS}/redis/script.ts does not read Lua files as expected`);
  const names = readdirSync(join(ROOT, SCRIPTS), { recursive: true, encoding: "utf8" }).map(posix);
  const texts = names
    .filter((name) => name.endsWith(".lua"))
    .map((name) => [`/${SCRIPTS}/${name}`, readFileSync(join(ROOT, SCRIPTS, name), "utf8")]);
  const read = "LUA_TEXTS.find(([path]) => file.pathname.endsWith(path))[1]";
  return `${code.replace(READ_SCRIPT, read)}\nconst LUA_TEXTS = ${JSON.stringify(texts)};\n`;
}

/**
 * Replaces all characters that are not ASCII: V8 stores a source text that is all ASCII with one byte per character,
 * any other with two.
 */
function toAscii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function below(folder: string, path: string): string {
  return posix(relative(folder, path));
}

function posix(path: string): string {
  return path.replaceAll(sep, "/");
}
