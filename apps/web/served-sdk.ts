import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, defaultClientConditions, type Plugin } from "vite";
import { CSS_TARGET, samePaths } from "./lazy-parts.ts";

const ENTRY = join(import.meta.dirname, "src/docrelay.ts");
const CHAT = join(import.meta.dirname, "src/embed/chat-element.ts");
const MANIFEST = join(import.meta.dirname, "../../packages/client/package.json");

/**
 * Builds `docrelay.js`, the SDK and the element for pages of any origin that have no build of their own. The first line
 * of the file names its version. An edge compares this version with the one that a page asked for: if both are the
 * same, the browser may keep the file for ever. The chat that the element loads, `docrelay-chat.js`, has no version in
 * its name, so that an older `docrelay.js` in a browser's cache finds the newest chat.
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
        source: `/*! docrelay ${version} */\n${await buildEntry(ENTRY)}`,
      });
      this.emitFile({ type: "asset", fileName: "docrelay-chat.js", source: await buildEntry(CHAT) });
    },
  };
}

async function buildEntry(entry: string): Promise<string> {
  const results = await build({
    configFile: false,
    root: import.meta.dirname,
    resolve: { conditions: ["@docrelay/source", ...defaultClientConditions] },
    plugins: [samePaths()],
    publicDir: false,
    logLevel: "warn",
    build: {
      write: false,
      target: "es2023",
      cssTarget: CSS_TARGET,
      modulePreload: false,
      rolldownOptions: { input: entry, preserveEntrySignatures: "strict", output: { codeSplitting: false } },
    },
  });
  const [result] = [results].flat();
  const [chunk] = result && "output" in result ? result.output : [];
  if (chunk?.type !== "chunk") throw new Error(`${entry} was not built`);
  return chunk.code;
}
