import { assemble, type PdfObject } from "@docrelay/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { LIMITS } from "../test/limits.ts";
import { extractorOnSharedCores } from "../test/shared-cores.ts";
import type { Extractor, ExtractorOptions, ExtractOutcome } from "./index.ts";

/** A PDF of one page with this text. `files` are attached to the document, `noted` to annotations of the page. */
function pdf(text: string, files: Readonly<Record<string, Uint8Array>> = {}, noted: typeof files = {}): Uint8Array {
  const all = [...Object.entries(files), ...Object.entries(noted)];
  const spec = (index: number): string => `${6 + 2 * index} 0 R`;
  const names = Object.keys(files).map((name, index) => `(${name}) ${spec(index)}`);
  const notes = Object.keys(noted).map(
    (_, at) =>
      `<< /Type /Annot /Subtype /FileAttachment /Rect [300 700 320 720] /FS ${spec(Object.keys(files).length + at)} >>`,
  );
  const objects = all.flatMap(([name, bytes], index): PdfObject[] => [
    `<< /Type /Filespec /F (${name}) /UF (${name}) /EF << /F ${7 + 2 * index} 0 R >> >>`,
    {
      dictionary: `/Type /EmbeddedFile /Params << /Size ${bytes.length} >>`,
      content: Buffer.from(bytes).toString("latin1"),
    },
  ]);
  const carried = names.length > 0 ? `/Names << /EmbeddedFiles << /Names [${names.join(" ")}] >> >>` : "";
  return assemble([
    `<< /Type /Catalog /Pages 2 0 R ${carried} >>`,
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> /Annots [${notes.join(" ")}] >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    { dictionary: "", content: text === "" ? "" : `BT /F1 11 Tf 72 700 Td (${text}) Tj ET` },
    ...objects,
  ]);
}

describe("files within a PDF", () => {
  const open: Extractor[] = [];
  afterAll(() => Promise.all(open.map((extractor) => extractor[Symbol.asyncDispose]())));
  const create = (more: Partial<ExtractorOptions>): ((bytes: Uint8Array) => Promise<ExtractOutcome>) => {
    const extractor = extractorOnSharedCores({ engine: "auto", concurrency: 1, limits: LIMITS, ...more });
    open.push(extractor);
    return (bytes) => extractor.extract({ bytes }, { signal: new AbortController().signal });
  };
  const table = Buffer.from("berth,fee\n7,13\n");
  const inner = pdf("Lease of berth 7", { "deep.pdf": pdf("Too deep") });

  it("are named, those of its pages too, and not read", async () => {
    const named = create({});
    expect(
      await named(pdf("Cover", { "lease.pdf": inner, "fees.csv": table }, { "plan.pdf": pdf("Plan") })),
    ).toMatchObject({
      pages: ["Cover"],
      attachments: ["lease.pdf", "fees.csv", "plan.pdf"],
    });
    expect(await named(pdf("Alone"))).not.toHaveProperty("attachments");
    // A portfolio is a PDF whose own page is empty and only holds attached files.
    expect(await named(pdf("", { "lease.pdf": inner, "fees.csv": table }))).toMatchObject({
      kind: "text",
      pages: ["[Attachment] lease.pdf\n[Attachment] fees.csv"],
    });
  });

  it("are read behind its own pages where that is wanted, one level deep and within its limits", async () => {
    const read = create({ attachments: "read", limits: { ...LIMITS, maxPages: 3 } });
    const file = pdf(
      "Cover",
      { "lease.pdf": inner, "fees.csv": table, "broken.pdf": Buffer.from("%PDF-1.7 nothing") },
      { "plan.pdf": pdf("Plan of the quay") },
    );
    expect(await read(file)).toMatchObject({
      pages: ["Cover", "[Attachment] lease.pdf\nLease of berth 7", "[Attachment] plan.pdf\nPlan of the quay"],
      attachments: ["lease.pdf", "fees.csv", "broken.pdf", "plan.pdf"],
      missing: [],
    });
    const four = { "a.pdf": pdf("A"), "b.pdf": pdf("B"), "c.pdf": pdf("C") };
    expect(await read(pdf("Cover", four))).toMatchObject({
      pages: ["Cover", "[Attachment] a.pdf\nA", "[Attachment] b.pdf\nB"],
    });
  });
});
