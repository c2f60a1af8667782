import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { EDITS, edited } from "./pdfjs-edits.ts";

const pdfParse = createRequire(import.meta.url).resolve("pdf-parse");
const pdfjs = dirname(createRequire(pdfParse).resolve("pdfjs-dist/package.json"));

describe("what is changed in pdfjs", () => {
  it.each(EDITS)("is still there, once: $module", ({ module, from, to }) => {
    const path = join(pdfjs, module);
    const source = readFileSync(path, "utf8");
    expect(source.split(from)).toHaveLength(2);
    expect(edited(`file://${path}`, source)).toContain(to);
  });

  it("is nothing in any other module", () => {
    for (const { from } of EDITS) expect(edited("file:///elsewhere.mjs", from)).toBe(from);
  });
});
