import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, defaultClientConditions, type Plugin } from "vite";

const ENTRY = join(import.meta.dirname, "src/docrelay.ts");
const MANIFEST = join(import.meta.dirname, "../../packages/client/package.json");

/**
 * Builds `docrelay.js`, the SDK for pages of any origin that have no build of their own. Its first line names the version,
 * by which an edge knows whether a page asked for this one and may keep it for ever.
 */
export function servedSdk(): Plugin {
  return {
    name: "served-sdk",
    apply: "build",
    async generateBundle() {
      const { version } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { version: string };
      this.emitFile({
        type: "asset",
        fileName: "docrelay.js",
        source: `/*! docrelay ${version} */\n${await buildEntry()}`,
      });
    },
  };
}

async function buildEntry(): Promise<string> {
  const results = await build({
    configFile: false,
    root: import.meta.dirname,
    resolve: { conditions: ["@docrelay/source", ...defaultClientConditions] },
    publicDir: false,
    logLevel: "warn",
    build: {
      write: false,
      target: "es2023",
      modulePreload: false,
      rolldownOptions: { input: ENTRY, preserveEntrySignatures: "strict", output: { codeSplitting: false } },
    },
  });
  const [result] = [results].flat();
  const [chunk] = result && "output" in result ? result.output : [];
  if (chunk?.type !== "chunk") throw new Error(`${ENTRY} was not built`);
  return chunk.code;
}
