import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");
const TSC = join(ROOT, "node_modules/.bin/tsc");
const COMPILE_MS = 120_000;
/**
 * Stands for `@assistant-ui/react` in examples: exports the parts that the examples use, from the package that defines
 * these parts. The whole of `@assistant-ui/react` would add 90 packages to each clone.
 */
const ASSISTANT_UI = `export { useExternalStoreRuntime } from "@assistant-ui/core/react";
export type { ThreadMessageLike } from "@assistant-ui/core";
`;

/** A TypeScript example of a document. */
export interface Example {
  /** The document's path from the repository's root. */
  readonly document: string;
  /** The line number of the example's first line of code in the document, from 1. */
  readonly line: number;
  readonly code: string;
  readonly language: "ts" | "tsx";
}

/** Returns the code blocks of a document that begin with ```ts or ```tsx, in order. */
export function examplesOf(document: string, markdown: string): Example[] {
  return [...markdown.matchAll(/^```(tsx?)\n([^]*?)^```$/gm)].map(({ index, 1: language, 2: code = "" }) => ({
    document,
    line: markdown.slice(0, index).split("\n").length + 1,
    code,
    language: language === "tsx" ? "tsx" : "ts",
  }));
}

/**
 * Compiles examples with the settings of this repository, all at once. `context` declares, for a document, names that
 * its examples take from the program around them.
 * @returns the compiler's messages as `document:line message`; none when every example compiles.
 * @throws Error when the compiler cannot run, or ends with an error and no message.
 */
export async function compileExamples(examples: readonly Example[], context: ReadonlyMap<string, string>) {
  const parent = join(import.meta.dirname, "../node_modules/.examples");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "run-"));
  try {
    await Promise.all(
      examples.map(({ document, line, code, language }, index) => {
        // The code gets as many lines before it as in the document, so that the compiler's line numbers are those of
        // the document.
        const head = `export {}; ${context.get(document)?.replaceAll("\n", " ") ?? ""}${"\n".repeat(line - 1)}`;
        return writeFile(join(folder, `example${index}.${language}`), head + code);
      }),
    );
    await writeFile(join(folder, "assistant-ui.ts"), ASSISTANT_UI);
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings()));
    const said = await run(join(folder, "tsconfig.json"));
    return [...said.matchAll(/^[^\n(]*example(\d+)\.tsx?\((\d+),\d+\): error (.*)$/gm)].map(
      ([, index, line, message]) => `${examples[Number(index)]?.document}:${line} ${message}`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

function settings(): object {
  return {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: {
      lib: ["es2024", "esnext.disposable", "dom", "dom.iterable"],
      jsx: "react-jsx",
      paths: {
        "@docrelay/*": [join(ROOT, "packages/*/src/index.ts")],
        "@assistant-ui/react": ["./assistant-ui.ts"],
      },
      typeRoots: [join(ROOT, "node_modules/@types")],
    },
    include: ["*.ts", "*.tsx"],
    exclude: [],
  };
}

/**
 * Returns the compiler's output. If the compiler ends with an error code and messages, that is no failure of the run.
 */
function run(project: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      TSC,
      ["--noEmit", "--pretty", "false", "-p", project],
      { timeout: COMPILE_MS },
      (error, stdout, stderr) => {
        if (error && !stdout.includes("error TS")) reject(new Error(`${error.message}\n${stdout}${stderr}`));
        else resolve(stdout);
      },
    );
  });
}
