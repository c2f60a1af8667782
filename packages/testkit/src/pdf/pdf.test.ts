import * as fc from "fast-check";
import { PDFParse } from "pdf-parse";
import { describe, expect, it } from "vitest";
import { OWN_PDFS } from "./own-pdfs.ts";
import { makePdf, makeScanPdf } from "./pdf.ts";

async function read(bytes: Uint8Array, password = ""): Promise<string[]> {
  const parser = new PDFParse({ data: bytes.slice(), password });
  try {
    return (await parser.getText()).pages.map(({ text }) => text);
  } finally {
    await parser.destroy();
  }
}

describe("PDFs made for tests", () => {
  it("hold their texts, page by page, for a reader that is not ours", async () => {
    const pages = ["First page (with brackets) and a \\ backslash.", "Second page\nof two lines: é ü.", ""];
    expect(await read(makePdf({ pages }))).toEqual(pages);
  });

  it("may be heavy, with the same text", async () => {
    expect(await read(makePdf({ pages: ["text"], operators: 1000 }))).toEqual(["text"]);
    expect(await read(makePdf({ pages: ["text"], operators: 1000, deflate: true }))).toEqual(["text"]);
  });

  it("say where every object begins, whatever the texts", () => {
    const text = fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (pages) => {
        const raw = Buffer.from(makePdf({ pages })).toString("latin1");
        expect(raw.startsWith("%PDF-1.7\n")).toBe(true);
        const xref = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(raw)?.[1]);
        expect(raw.slice(xref, xref + 5)).toBe("xref\n");
        const offsets = [...raw.slice(xref).matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset));
        expect(offsets).toHaveLength(3 + 2 * pages.length);
        offsets.forEach((offset, index) => expect(raw.slice(offset)).toMatch(new RegExp(`^${index + 1} 0 obj\n`)));
      }),
    );
  });

  const words = (text: string): string[] => text.split(/\s+/).filter(Boolean).toSorted();
  it.each(OWN_PDFS.filter(({ truth }) => truth !== undefined))("are what they say: $file", async (pdf) => {
    const pages = await read(pdf.bytes(), pdf.userPassword);
    expect(pages).toHaveLength(pdf.pages ?? 0);
    // The reader of this test has no character maps, so it cannot name Chinese and Japanese letters. The tests of the
    // extractor cover these files.
    if (/chinese|japanese/.test(pdf.file)) return;
    expect(words(pages.join("\n"))).toEqual(words(pdf.truth ?? ""));
  });

  it.each(OWN_PDFS.filter(({ userPassword }) => userPassword !== undefined))(
    "open with their password only: $file",
    async (pdf) => {
      await expect(read(pdf.bytes(), "not this one")).rejects.toThrow("Password");
    },
  );

  it.each(OWN_PDFS)("are the same each time: $file", ({ bytes }) => {
    expect(Buffer.from(bytes()).equals(bytes())).toBe(true);
  });

  it("may be a scan, with nothing to read", async () => {
    expect((await read(makeScanPdf())).join("").trim()).toBe("");
  });
});
