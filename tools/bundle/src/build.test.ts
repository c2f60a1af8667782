import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SourceMap, type SourceMapPayload } from "node:module";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "./build.ts";
import { ROOT } from "./programs.ts";
import { sourceOf } from "./runtime/source-position.ts";

const FOLDER = "tools/bundle/dist";
const SOURCE = "tools/bundle/test/fails.ts";
const built = join(ROOT, FOLDER, "fails.mjs");
const lines = readFileSync(join(ROOT, SOURCE), "utf8").split("\n");
const lineOf = (text: string): number => lines.findIndex((line) => line.includes(text)) + 1;

beforeAll(() => buildProgram({ source: SOURCE, target: `${FOLDER}/fails.mjs`, traced: true }));
afterAll(() => rmSync(join(ROOT, FOLDER), { recursive: true, force: true }));

describe("a stack of a built program", () => {
  it("names the lines of the sources, also when the error ends the process", async () => {
    const error = await promisify(execFile)(process.execPath, [built]).catch((failed: unknown) => failed);
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    for (const text of [stdout, stderr]) {
      expect(text).toContain("RangeError: “too deep”");
      expect(text).toContain(`/${SOURCE}:${lineOf("throw new RangeError")}:`);
      expect(text).toContain(`/${SOURCE}:${lineOf("fail(1)")}:`);
    }
  });

  it("names the same positions as the source maps of Node", () => {
    const map = JSON.parse(readFileSync(`${built}.map`, "utf8")) as SourceMapPayload;
    const reference = new SourceMap(map);
    const code = readFileSync(built, "utf8").split("\n");
    const found = code.flatMap((text, index) => {
      if (text.trim() === "") return [];
      const entry = reference.findEntry(index, text.length - 1);
      if (!("originalSource" in entry) || entry.generatedLine !== index) return [];
      const { originalSource: source, originalLine, originalColumn } = entry;
      const position = sourceOf(map, index + 1, text.length);
      expect(position).toEqual({ source, line: originalLine + 1, column: originalColumn + 1 });
      return [source];
    });
    expect(found.length).toBeGreaterThan(20);
  });
});
