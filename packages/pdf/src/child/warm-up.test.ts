import { fork } from "node:child_process";
import { on } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createPdfParseEngine } from "../engines/pdf-parse-engine.ts";
import { createPdfiumEngine } from "../engines/pdfium-engine.ts";
import type { ReadPage } from "../engines/page-engine.ts";
import { warmUp } from "./warm-up.ts";

describe.each([
  ["PDFium", createPdfiumEngine],
  ["pdf-parse", createPdfParseEngine],
])("the warm-up of %s", (_, create) => {
  it("reads a page of text, and closes the document", async () => {
    const engine = await create();
    const pages: ReadPage[] = [];
    let closed = 0;
    await warmUp({
      async open(bytes, password) {
        const document = await engine.open(bytes, password);
        return {
          ...document,
          async read(number) {
            const page = await document.read(number);
            pages.push(page);
            return page;
          },
          async close() {
            closed++;
            await document.close();
          },
        };
      },
    });
    const [text] = pages.map(({ lines }) => lines.map((line) => line.text));
    expect(text?.slice(0, 2)).toEqual([
      expect.stringMatching(/^Line 0 of a small page,\s0\.50$/),
      expect.stringMatching(/^Line 1 of a small page,\s37\.50$/),
    ]);
    expect(closed).toBe(1);
  });
});

it("comes before a child reports that it is ready", async () => {
  const child = fork(join(import.meta.dirname, "../../test/warming-child.ts"));
  try {
    const types: unknown[] = [];
    for await (const [{ type }] of on(child, "message") as AsyncIterable<[{ type: string }]>)
      if (types.push(type) === 2) break;
    expect(types).toEqual(["closed", "ready"]);
  } finally {
    child.kill();
  }
});
