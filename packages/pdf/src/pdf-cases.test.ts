import { shared } from "@docrelay/testkit";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createPdfiumEngine } from "./engines/pdfium-engine.ts";
import { pageText } from "./text/layout.ts";

const folder = shared("pdf-cases");
const names = folder
  ? readdirSync(folder).flatMap((file) => (file.endsWith(".pdf") ? [file.slice(0, -".pdf".length)] : []))
  : [];
const words = (text: string): string => text.replace(/\s+/g, " ").trim();

describe.skipIf(folder === undefined)("kinds of files that were read wrongly", () => {
  const engine = createPdfiumEngine();
  it.each(names)("%s", async (name) => {
    const document = await engine.open(readFileSync(join(folder ?? "", `${name}.pdf`)), undefined);
    const pages: string[] = [];
    let isDamaged = false;
    for (let page = 1; page <= document.pages; page++) {
      const { lines, precision, damaged = false } = await document.read(page);
      isDamaged ||= damaged;
      pages.push(pageText(lines, precision));
    }
    await document.close();
    const expected = words(readFileSync(join(folder ?? "", `${name}.txt`), "utf8"));
    // Only the file `damaged-stream` counts as damaged. Only the beginning of its text is expected.
    expect(isDamaged).toBe(name === "damaged-stream");
    if (isDamaged) expect(words(pages.join("\n")).slice(0, expected.length)).toBe(expected);
    else expect(words(pages.join("\n"))).toBe(expected);
  });
});
