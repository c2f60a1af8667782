import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { build, defaultClientConditions, type Plugin } from "vite";

const FOLDER = join(import.meta.dirname, "src/lazy");
const MODULE = "virtual:lazy-parts";

/**
 * The page's parts that are loaded when they are first needed: each file of `src/lazy` is built by itself, into files whose
 * names hold their hash. `virtual:lazy-parts` has their paths, relative to the page. A part shares no chunk with the page or
 * with another part, so its name changes only when it does: pages of two builds mostly ask for the same file.
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
      const parts: Record<string, { script: string; styles: readonly string[] }> = {};
      if (isBuild) for (const asset of pdfData()) this.emitFile({ type: "asset", ...asset });
      for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))) {
        const name = basename(file, ".ts");
        if (!isBuild) {
          parts[name] = { script: `src/lazy/${file}`, styles: [] };
          continue;
        }
        const built = await buildPart(join(FOLDER, file));
        for (const { fileName, source } of built.files) this.emitFile({ type: "asset", fileName, source });
        parts[name] = { script: built.script, styles: built.styles };
      }
      return `export const PARTS = ${JSON.stringify(parts)};`;
    },
  };
}

/** What pdf.js asks for by name: tables of Chinese, Japanese and Korean letters, and fonts that documents do not bring along. */
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
      assetsInlineLimit: 0,
      modulePreload: false,
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: "strict",
        output: {
          codeSplitting: false,
          entryFileNames: "assets/[name]-[hash].js",
          assetFileNames: ({ names: [name = ""] }) =>
            // One ending for scripts: an edge knows it, and so do proxies.
            name.endsWith(".mjs") ? "assets/[name]-[hash].js" : "assets/[name]-[hash][extname]",
        },
      },
    },
  });
  const [result] = [results].flat();
  if (!result || !("output" in result)) throw new Error(`${entry} was not built`);
  // Each browser that runs the page takes the first kind of font, .woff2.
  const files = result.output.flatMap((file) => {
    if (/\.(woff|ttf)$/.test(file.fileName)) return [];
    return [{ fileName: file.fileName, source: file.type === "chunk" ? file.code : file.source }];
  });
  const script = result.output.find((file) => file.type === "chunk")?.fileName ?? "";
  return { script, styles: files.map(({ fileName }) => fileName).filter((name) => name.endsWith(".css")), files };
}
