import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { build, defaultClientConditions, type Plugin } from "vite";

const FOLDER = join(import.meta.dirname, "src/lazy");
/**
 * The oldest browsers that know `light-dark()`. For older browsers the build would replace `light-dark()` by code with
 * which an embedded chat does not follow the theme of the page around it.
 */
export const CSS_TARGET = ["chrome123", "firefox120", "safari17.5"];
const MODULE = "virtual:lazy-parts";

/**
 * Builds the page's parts that are loaded when they are first needed. Each file of `src/lazy` is built separately, into
 * files whose names contain a hash of their content. `virtual:lazy-parts` has the paths of these files, relative to the
 * page. A part shares no chunk with the page or with another part, so the names of its files change only when the part
 * itself changes. So, while edges of two builds run, a page of one build usually finds its parts on an edge of the
 * other build, too.
 */
export function lazyParts(): Plugin {
  let isBuild = false;
  return {
    name: "lazy-parts",
    configResolved(config) {
      isBuild = config.command === "build";
    },
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    async load(id) {
      if (id !== `\0${MODULE}`) return undefined;
      if (!isBuild) {
        const parts = partFiles().map((file) => [basename(file, ".ts"), { script: `src/lazy/${file}`, styles: [] }]);
        return exportParts(Object.fromEntries(parts) as Parts);
      }
      for (const asset of pdfData()) this.emitFile({ type: "asset", ...asset });
      const { parts, files } = await buildParts();
      for (const { fileName, source } of files) this.emitFile({ type: "asset", fileName, source });
      return exportParts(parts);
    },
  };
}

/** Gives the paths of the page's lazy parts to another script of the build, which is served beside the page. */
export function samePaths(): Plugin {
  return {
    name: "lazy-part-paths",
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    load: async (id) => (id === `\0${MODULE}` ? exportParts((await buildParts()).parts) : undefined),
  };
}

type Parts = Record<string, { readonly script: string; readonly styles: readonly string[] }>;

function exportParts(parts: Parts): string {
  return `export const PARTS = ${JSON.stringify(parts)};`;
}

function partFiles(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
}

let building: Promise<{ parts: Parts; files: BuiltPart["files"] }> | undefined;

async function buildParts(): Promise<{ parts: Parts; files: BuiltPart["files"] }> {
  building ??= (async () => {
    const built: Array<[name: string, part: BuiltPart]> = [];
    for (const file of partFiles()) built.push([basename(file, ".ts"), await buildPart(join(FOLDER, file))]);
    const parts = built.map(([name, { script, styles }]) => [name, { script, styles }] as const);
    return { parts: Object.fromEntries(parts), files: built.flatMap(([, { files }]) => files) };
  })();
  return building;
}

/**
 * Returns the files that pdf.js loads by name: tables of Chinese, Japanese and Korean letters, and fonts that documents
 * do not contain.
 */
function pdfData(): Array<{ fileName: string; source: Uint8Array }> {
  const main = createRequire(import.meta.url).resolve("pdfjs-dist/package.json");
  const { version } = JSON.parse(readFileSync(main, "utf8")) as { version: string };
  return ["cmaps", "standard_fonts", "wasm"].flatMap((folder) =>
    readdirSync(join(dirname(main), folder))
      .filter((name) => !/^LICENSE|\.wasm$/.test(name))
      .map((name) => ({
        fileName: `assets/pdfjs-${version}/${folder}/${name}`,
        source: readFileSync(join(dirname(main), folder, name)),
      })),
  );
}

interface BuiltPart {
  readonly script: string;
  readonly styles: readonly string[];
  readonly files: ReadonlyArray<{ readonly fileName: string; readonly source: string | Uint8Array }>;
}

async function buildPart(entry: string): Promise<BuiltPart> {
  const results = await build({
    configFile: false,
    root: import.meta.dirname,
    base: "./",
    resolve: { conditions: ["@docrelay/source", ...defaultClientConditions] },
    publicDir: false,
    logLevel: "warn",
    build: {
      write: false,
      target: "es2023",
      cssTarget: CSS_TARGET,
      assetsInlineLimit: 0,
      modulePreload: false,
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: "strict",
        output: {
          codeSplitting: false,
          entryFileNames: "assets/[name]-[hash].js",
          assetFileNames: ({ names: [name = ""] }) =>
            // All scripts end in `.js`, because edges and proxies know the content type of this ending.
            name.endsWith(".mjs") ? "assets/[name]-[hash].js" : "assets/[name]-[hash][extname]",
        },
      },
    },
  });
  const [result] = [results].flat();
  if (!result || !("output" in result)) throw new Error(`${entry} was not built`);
  // All browsers that run the page use fonts in .woff2, so the same fonts in other formats are left out.
  const files = result.output.flatMap((file) => {
    if (/\.(woff|ttf)$/.test(file.fileName)) return [];
    return [{ fileName: file.fileName, source: file.type === "chunk" ? file.code : file.source }];
  });
  const script = result.output.find((file) => file.type === "chunk")?.fileName ?? "";
  return { script, styles: files.map(({ fileName }) => fileName).filter((name) => name.endsWith(".css")), files };
}
