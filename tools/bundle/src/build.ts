import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { rolldown, type Plugin } from "rolldown";
import { keepAddresses } from "./addresses.ts";
import { PROGRAMS, ROOT, type Program } from "./programs.ts";

/** A library that stays outside: it is edited while it is loaded, and most children never load it. */
const EXTERNAL = "pdf-parse";
/** Loading a module of these does nothing, so what is not used of them is left out. */
const WITHOUT_EFFECTS = /\/node_modules\/(bullmq|luxon|cron-parser|ioredis|prom-client|pino)\//;
const SCRIPTS = "packages/channel/src";
const READ_SCRIPT = 'readFileSync(file, "utf8")';
const SOURCE_STACK = "tools/bundle/src/runtime/source-stack.ts";

/**
 * Builds one program: writes its file, and its source map if it is traced. Returns the files that it is made of.
 * @throws Error for every warning too: a program that lacks a part must not be built.
 */
export async function buildProgram(program: Program): Promise<string[]> {
  await using bundle = await rolldown({
    input: join(ROOT, program.source),
    cwd: ROOT,
    platform: "node",
    resolve: { mainFields: ["module", "main"] },
    treeshake: { moduleSideEffects: (id) => !WITHOUT_EFFECTS.test(posix(id)) },
    plugins: [changeSources(program)],
    // Warnings about the time that the build takes: a busy machine must not fail it.
    checks: { bundlerTimings: false },
    onLog(level, { code, message }) {
      // `toAscii` changes no line; columns behind what it replaces in a line are those of the replacement.
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

/** The source map of a change that keeps each line where it is: from its first column to the same line's. */
function lineMap(code: string, source: string): { mappings: string; sources: string[] } {
  return { mappings: `AAAA${";AACA".repeat(code.split("\n").length - 1)}`, sources: [source] };
}

/** From the program to a library's file by the folder `node_modules` of the package that imports it, links not followed. */
function externalAddress(file: string, importer: string, target: string): string {
  const [, owner = ""] = /^((?:apps|packages)\/[^/]+)\//.exec(below(ROOT, importer)) ?? [];
  const inside = posix(file).slice(posix(file).lastIndexOf("/node_modules/"));
  return below(dirname(join(ROOT, target)), join(ROOT, owner + inside));
}

/** The module that reads Lua files gets their texts instead. */
function withScripts(code: string): string {
  if (!code.includes(READ_SCRIPT)) throw new Error(`${SCRIPTS}/redis/script.ts does not read Lua files as expected`);
  const names = readdirSync(join(ROOT, SCRIPTS), { recursive: true, encoding: "utf8" }).map(posix);
  const texts = names
    .filter((name) => name.endsWith(".lua"))
    .map((name) => [`/${SCRIPTS}/${name}`, readFileSync(join(ROOT, SCRIPTS, name), "utf8")]);
  const read = "LUA_TEXTS.find(([path]) => file.pathname.endsWith(path))[1]";
  return `${code.replace(READ_SCRIPT, read)}\nconst LUA_TEXTS = ${JSON.stringify(texts)};\n`;
}

/** V8 keeps source text that is all ASCII at one byte a character, and any other at two. */
function toAscii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function below(folder: string, path: string): string {
  return posix(relative(folder, path));
}

function posix(path: string): string {
  return path.replaceAll(sep, "/");
}
