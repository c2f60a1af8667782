import { corpus, makePdf } from "@docrelay/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../test/limits.ts";
import { LETTER, scan } from "../../test/scanned-letter.ts";
import { similarity } from "../../test/similarity.ts";
import { extractorOnSharedCores, sharedCores } from "../../test/shared-cores.ts";
import type { Recogniser } from "./recogniser.ts";
import { findRecogniser, type Extractor, type ExtractOutcome, type Ocr } from "../index.ts";

const open: Extractor[] = [];
/**
 * Creates an extractor with OCR. All extractors share one recogniser, because a child of it takes a second of processor
 * time to start.
 */
function create(more: Partial<Ocr> = {}, limits: Partial<typeof LIMITS> = {}): Extractor {
  const lent = { ...recogniser, [Symbol.asyncDispose]: async () => undefined };
  const ocr = { recogniser: lent, pageMs: 60_000, timeoutMs: 120_000, ...more };
  const extractor = extractorOnSharedCores({ engine: "auto", concurrency: 1, limits: { ...LIMITS, ...limits }, ocr });
  open.push(extractor);
  return extractor;
}
let letter: Awaited<ReturnType<typeof scan>>;
let recogniser: Recogniser;
let reading: Extractor;
beforeAll(async () => {
  letter = await scan(LETTER);
  const { memoryBytes } = LIMITS;
  recogniser = await findRecogniser({ languages: ["eng"], path: "", memoryBytes, coreWatch: sharedCores() });
  reading = create();
});
afterAll(async () => {
  await Promise.all(open.map((extractor) => extractor[Symbol.asyncDispose]()));
  await recogniser[Symbol.asyncDispose]();
});

const never = new AbortController().signal;
const extract = (bytes: Uint8Array, extractor = reading): Promise<ExtractOutcome> =>
  extractor.extract({ bytes }, { signal: never });

describe("scans with OCR", () => {
  it("are read page by page among pages of text, and named", async () => {
    const outcome = await extract(makePdf({ pages: ["First page, with text of its own.", letter, "The third."] }));
    if (outcome.kind !== "text") throw new Error(outcome.code);
    expect(outcome).toMatchObject({ ocr: [2], missing: [] });
    expect(outcome.pages[0]).toBe("First page, with text of its own.");
    expect(outcome.pages[2]).toBe("The third.");
    expect(similarity(outcome.pages[1] ?? "", LETTER)).toBeGreaterThanOrEqual(0.98);
  });

  it("tell progress anew for each page that is read", async () => {
    const told: number[] = [];
    const input = { bytes: makePdf({ pages: ["First page, with text of its own.", letter] }) };
    await reading.extract(input, { signal: never, onPage: (page) => told.push(page) });
    expect(told).toEqual([1, 2, 2]);
  });

  it("stay missing when there is no time for them, and the rest is kept", async () => {
    const bytes = makePdf({ pages: ["First page, with text of its own.", letter] });
    const expected = { kind: "text", ocr: [], missing: [{ page: 2, reason: "scan" }] };
    expect(await extract(bytes, create({ pageMs: 20 }))).toMatchObject(expected);
    expect(await extract(bytes, create({ timeoutMs: 0 }))).toMatchObject(expected);
  });

  it("share the time of their file, whatever a page may take", async () => {
    const bytes = makePdf({ pages: [letter] });
    expect(await extract(bytes, create({ pageMs: 60_000, timeoutMs: 59_999 }))).toMatchObject({ ocr: [1] });
  });

  it("are cut at the output cap", async () => {
    const outcome = await extract(makePdf({ pages: [letter] }), create({}, { maxTextBytes: 100 }));
    expect(outcome).toMatchObject({ kind: "text", truncated: true, ocr: [1] });
    expect(outcome.kind === "text" && Buffer.byteLength(outcome.pages.join(""))).toBeLessThanOrEqual(100);
  });

  it("are given up when nobody wants them any more", async () => {
    const cancel = new AbortController();
    const bytes = makePdf({ pages: ["First page, with text of its own.", letter] });
    const told: number[] = [];
    const cancelled = reading.extract(
      { bytes },
      {
        signal: cancel.signal,
        onPage(page) {
          told.push(page);
          if (page === 2) cancel.abort(new Error("enough"));
        },
      },
    );
    await expect(cancelled).rejects.toThrow("enough");
    expect(told).toEqual([1, 2]);
    expect(await extract(makePdf({ pages: [letter] }))).toMatchObject({ kind: "text", ocr: [1] });
  });

  it("are read when they lie upside down", async () => {
    const upsideDown = { ...letter, grey: letter.grey.toReversed() };
    const outcome = await extract(makePdf({ pages: [upsideDown] }));
    expect(outcome).toMatchObject({ kind: "text", ocr: [1], missing: [] });
    expect(outcome.kind === "text" && similarity(outcome.pages[0] ?? "", LETTER)).toBeGreaterThanOrEqual(0.98);
  });

  it("are read where a shadow lies on them, as on a photo", async () => {
    const { width, height, grey } = letter;
    // The letter fills the upper part of its page, so the shadow is there.
    const light = (x: number, y: number): number => 1 - 0.8 * (x / width) * Math.max(0, 1 - (3 * y) / height);
    const dim = grey.map((value, index) => value * light(index % width, Math.floor(index / width)));
    const outcome = await extract(makePdf({ pages: [{ width, height, grey: dim }] }));
    expect(outcome.kind === "text" && similarity(outcome.pages[0] ?? "", LETTER)).toBeGreaterThanOrEqual(0.98);
  });

  const legible = new Set(["own/scan/letter.pdf", "scan/ocr_test.pdf"]);
  it.each(corpus().filter(({ file }) => legible.has(file)))(
    "are files with a picture a page, too: $file",
    async (file) => {
      expect(await extract(file.bytes())).toMatchObject({ kind: "text", ocr: [1], missing: [] });
    },
  );
});
