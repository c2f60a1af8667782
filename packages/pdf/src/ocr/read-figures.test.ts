import { makePdf, type Picture } from "@docrelay/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../test/limits.ts";
import { scan } from "../../test/scanned-letter.ts";
import { extractorOnSharedCores, sharedCores } from "../../test/shared-cores.ts";
import type { Recogniser } from "./recogniser.ts";
import { findRecogniser, type Extractor, type ExtractOutcome, type Ocr, type TextFormat } from "../index.ts";

const TEXT = "This page has text of its own, in\nmore than one line, and a figure below it.";
const FIGURE = "Sales in million euro\nEurope 164\nAsia 241\nAmericas 108";
const PLACE = [60, 100, 420, 594] as const;

let figure: Picture;
let recogniser: Recogniser;
const open: Extractor[] = [];
/** Creates an extractor with OCR. All of them share one recogniser, because a child of it takes a second to start. */
function create(more: Partial<Ocr> = {}, limits: Partial<typeof LIMITS> = {}, format: TextFormat = "text"): Extractor {
  const { recogniser: reader = recogniser, ...rest } = more;
  const lent = { ...reader, [Symbol.asyncDispose]: async () => undefined };
  const ocr = { recogniser: lent, pageMs: 60_000, timeoutMs: 120_000, figures: true, ...rest };
  const how = { engine: "auto", concurrency: 1, limits: { ...LIMITS, ...limits }, ocr, format } as const;
  const extractor = extractorOnSharedCores(how);
  open.push(extractor);
  return extractor;
}
beforeAll(async () => {
  figure = await scan(FIGURE);
  const { memoryBytes } = LIMITS;
  recogniser = await findRecogniser({ languages: ["eng"], path: "", memoryBytes, coreWatch: sharedCores() });
});
afterAll(async () => {
  await Promise.all(open.map((extractor) => extractor[Symbol.asyncDispose]()));
  await recogniser[Symbol.asyncDispose]();
});

const never = new AbortController().signal;
async function textOf(bytes: Uint8Array, extractor = create()): Promise<ExtractOutcome & { kind: "text" }> {
  const outcome = await extractor.extract({ bytes }, { signal: never });
  if (outcome.kind !== "text") throw new Error(outcome.code);
  return outcome;
}
const illustrated = (
  text = TEXT,
  picture = figure,
  place: typeof PLACE | readonly [number, number, number, number] = PLACE,
) => ({ text, picture, place });

describe("the figures of pages with text", () => {
  it("are read where that is wanted, and their words stand after the page's own text", async () => {
    const outcome = await textOf(makePdf({ pages: [illustrated(), "A page without a figure."] }));
    expect(outcome.pages).toEqual([`${TEXT}\n[Figure] ${FIGURE}`, "A page without a figure."]);
    expect(outcome).toMatchObject({ ocr: [1], missing: [], truncated: false });
  });

  it("are read in Markdown, too", async () => {
    const outcome = await textOf(makePdf({ pages: [illustrated()] }), create({}, {}, "markdown"));
    expect(outcome.pages[0]).toMatch(/\n\n\[Figure\]\n\n```\nSales in million euro\nEurope 164\n[^`]*```$/);
  });

  it("leave the footers of Markdown pages out, as those of other pages", async () => {
    const text = (page: number): string =>
      `${"\n".repeat(3)}Page ${page} of a report, with text of its own.${"\n".repeat(45)}Report of the harbour`;
    const pages = [1, 2, 3, 4, 5].map((page) => (page % 2 === 0 ? text(page) : illustrated(text(page))));
    const outcome = await textOf(makePdf({ pages }), create({}, {}, "markdown"));
    expect(outcome.pages[0]).toContain("Europe 164");
    expect(outcome.pages.join("\n")).not.toContain("Report of the harbour");
  });

  it("are the text of a page that has no other text", async () => {
    expect((await textOf(makePdf({ pages: [illustrated("", figure, [60, 300, 300, 240])] }))).pages).toEqual([
      `[Figure] ${FIGURE}`,
    ]);
  });

  it("are read, all but those at which the recogniser fails", async () => {
    let calls = 0;
    const failing: Recogniser = {
      ...recogniser,
      recognise: (...given) => (++calls === 1 ? Promise.reject(new Error("it broke")) : recogniser.recognise(...given)),
    };
    const bytes = makePdf({ pages: [illustrated(), illustrated(TEXT, figure, [60, 90, 430, 600])] });
    const outcome = await textOf(bytes, create({ recogniser: failing }));
    expect(outcome.ocr).toEqual([2]);
  });

  it("are left alone by default", async () => {
    const lent = { ...recogniser, [Symbol.asyncDispose]: async () => undefined };
    const ocr: Ocr = { recogniser: lent, pageMs: 60_000, timeoutMs: 120_000 };
    const extractor = extractorOnSharedCores({ engine: "auto", concurrency: 1, limits: LIMITS, ocr });
    open.push(extractor);
    const outcome = await textOf(makePdf({ pages: [illustrated()] }), extractor);
    expect(outcome.ocr).toEqual([]);
    expect(outcome.pages[0]).not.toContain("Europe");
  });

  it("are read once, if the same picture is on several pages", async () => {
    const outcome = await textOf(
      makePdf({ pages: [illustrated(), illustrated("Another text, with the same picture.")] }),
    );
    expect(outcome.ocr).toEqual([1]);
    expect(outcome.pages[1]).toBe("Another text, with the same picture.");
  });

  it("do not repeat words that the page's text has", async () => {
    // The text lies over the picture, as over a scan that somebody has recognised before.
    const all = { text: FIGURE.replaceAll("\n", " ").repeat(30).replace(/.{80}/g, "$&\n"), picture: figure };
    const outcome = await textOf(makePdf({ pages: [{ ...all, place: [0, 0, 595, 842] }] }));
    expect(outcome.ocr).toEqual([]);
  });

  it("are no text if they have no words", async () => {
    const { width, height } = figure;
    const grey = Uint8Array.from(
      { length: width * height },
      (_, index) => ((index % width) + Math.floor(index / width)) % 251,
    );
    const outcome = await textOf(makePdf({ pages: [illustrated(TEXT, { width, height, grey })] }));
    expect(outcome).toMatchObject({ ocr: [] });
  });

  it("are read as far as there is time, and the rest is kept", async () => {
    const bytes = makePdf({ pages: [illustrated()] });
    for (const more of [{ pageMs: 1 }, { timeoutMs: 0 }]) {
      const outcome = await textOf(bytes, create(more));
      expect(outcome).toMatchObject({ ocr: [], missing: [] });
      expect(outcome.pages[0]).toContain("text of its own");
    }
  });

  it("count against the limit of the text", async () => {
    const outcome = await textOf(makePdf({ pages: [illustrated()] }), create({}, { maxTextBytes: 130 }));
    expect(outcome).toMatchObject({ truncated: true, ocr: [1] });
    expect(Buffer.byteLength(outcome.pages.join(""))).toBeLessThanOrEqual(130);
  });
});
