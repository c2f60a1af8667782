import { corpus, eventually, makePdf, makeScanPdf } from "@docrelay/testkit";
import { afterAll, describe, expect, it } from "vitest";
import type { ExtractorOptions } from "../src/extractor.ts";
import type { ExtractInput, ExtractLimits, ExtractOutcome, Extractor } from "../src/index.ts";
import { LIMITS } from "./limits.ts";
import { exit, GROW, STALL, startObeying } from "./obeying.ts";
import { extractorOnSharedCores } from "./shared-cores.ts";

/** Tests for an extractor with any PDF engine. */
export function extractorContract(engine: ExtractorOptions["engine"]): void {
  const open: Extractor[] = [];
  const create = (limits: Partial<ExtractLimits> = {}, ...start: [typeof startObeying?]): Extractor => {
    const extractor = extractorOnSharedCores({ engine, concurrency: 1, limits: { ...LIMITS, ...limits } }, ...start);
    open.push(extractor);
    return extractor;
  };
  const usual = create();
  const obeying = create({}, startObeying);
  afterAll(() => Promise.all(open.map((extractor) => extractor[Symbol.asyncDispose]())));

  const extract = (
    input: Uint8Array | ExtractInput,
    extractor = usual,
    onPage?: (page: number, pages: number) => void,
  ): Promise<ExtractOutcome> =>
    extractor.extract(input instanceof Uint8Array ? { bytes: input } : input, {
      signal: new AbortController().signal,
      ...(onPage ? { onPage } : {}),
    });

  describe("a text", () => {
    it("comes page by page, with progress", async () => {
      const seen: number[][] = [];
      const bytes = makePdf({ pages: ["One.", "", "Three\nlines\nof it."] });
      const outcome = await extract(bytes, usual, (page, pages) => seen.push([page, pages]));
      expect(outcome).toMatchObject({
        kind: "text",
        pages: ["One.", "", "Three\nlines\nof it."],
        truncated: false,
        ocr: [],
      });
      expect(seen).toEqual([
        [1, 3],
        [2, 3],
        [3, 3],
      ]);
    });

    it("has its paragraphs joined and its hyphens undone", async () => {
      const page = [
        "The quick brown fox jumps over the lazy dog and then it sleeps under an old oak, dream-",
        "ing of another dog that it has not jumped over yet but that it means to jump over soon,",
        "notwithstanding everything.",
        "Signed",
      ];
      expect(await extract(makePdf({ pages: [page.join("\n")] }))).toMatchObject({
        pages: [`${page[0]?.slice(0, -1)}${page[1]} ${page[2]}\nSigned`],
      });
    });

    it("keeps letters beyond ASCII and has no control character", async () => {
      expect(await extract(makePdf({ pages: ["d\u00e9j\u00e0 vu, f\u00fcr \u00a350 \u00b1 2"] }))).toMatchObject({
        pages: ["déjà vu, für £50 ± 2"],
      });
    });

    it("is cut at its cap, with a mark", async () => {
      const extractor = create({ maxTextBytes: 1024 });
      const outcome = await extract(
        makePdf({ pages: Array.from({ length: 30 }, () => "abcdefghi ".repeat(6)) }),
        extractor,
      );
      if (outcome.kind !== "text") throw new Error(outcome.code);
      expect(outcome.truncated).toBe(true);
      expect(Buffer.byteLength(outcome.pages.join(""))).toBeLessThanOrEqual(1024);
      expect(Buffer.byteLength(outcome.pages.join(""))).toBeGreaterThan(900);
      expect(outcome.missing.at(-1)).toEqual({ page: 30, reason: "limit" });
      expect(outcome.pages).toHaveLength(30);
    });

    it("keeps the pages before one that takes too long, and says which are missing", async () => {
      const bytes = makePdf({ pages: ["One.", STALL, "Three."] });
      const seen: number[] = [];
      const extractor = create({ stallMs: 2000 }, startObeying);
      expect(await extract(bytes, extractor, (page) => seen.push(page))).toMatchObject({
        kind: "text",
        pages: ["One.", "", ""],
        missing: [
          { page: 2, reason: "error" },
          { page: 3, reason: "limit" },
        ],
      });
      expect(seen).toEqual([1]);
    });
  });

  describe("a file that gives no text", () => {
    it.each([
      ["nothing", ""],
      ["something else", "GIF89a and so on"],
      ["a beginning only", "%PDF-1.4\n1 0 obj\n<< /Type /Catalog"],
    ])("is invalid: %s", async (_what, text) => {
      expect(await extract(Buffer.from(text))).toEqual({ kind: "failed", code: "PDF_INVALID", permanent: true });
    });

    it("has no page; nothing of it gets into the file after it", async () => {
      for (let turn = 0; turn < 2; turn++) {
        expect(await extract(makePdf({ pages: [] }))).toMatchObject({ kind: "failed", code: "PDF_INVALID" });
        expect(await extract(makePdf({ pages: [`Turn ${turn}.`] }))).toMatchObject({ pages: [`Turn ${turn}.`] });
      }
    });

    it("is a scan", async () => {
      expect(await extract(makeScanPdf())).toEqual({ kind: "failed", code: "PDF_NO_TEXT", permanent: true });
    });

    it("has too many pages", async () => {
      const outcome = await extract(makePdf({ pages: ["1", "2", "3"] }), create({ maxPages: 2 }));
      expect(outcome).toEqual({ kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason: "pages", permanent: true });
    });

    it.each<[string, string, Partial<ExtractLimits>, string]>([
      ["takes too long for a page", STALL, { stallMs: 1000 }, "time"],
      ["takes too long", STALL, { timeoutMs: 1000 }, "time"],
      ["takes too much memory", GROW, { memoryBytes: 400 * 1024 * 1024 }, "memory"],
      ["ends its process", exit(134), {}, "memory"],
    ])("%s; the next file is read as ever", async (_what, page, limits, reason) => {
      const extractor = create(limits, startObeying);
      const outcome = await extract(makePdf({ pages: [page] }), extractor);
      expect(outcome).toEqual({ kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason, permanent: false });
      // The next file may be extracted several times: on a very busy machine, even one line may take longer than
      // `stallMs`.
      const next = makePdf({ pages: ["Two."] });
      await eventually(async () => (await extract(next, extractor)).kind === "text", { timeoutMs: 45_000 });
    });
  });

  describe("cancelling", () => {
    it("throws the signal's reason and frees the slot", async () => {
      const cancel = new AbortController();
      const reason = new Error("nobody wants it any more");
      const bytes = makePdf({ pages: ["One.", STALL] });
      const cancelled = obeying.extract({ bytes }, { signal: cancel.signal, onPage: () => cancel.abort(reason) });
      await expect(cancelled).rejects.toBe(reason);
      expect(await extract(makePdf({ pages: ["Next."] }), obeying)).toMatchObject({ pages: ["Next."] });
      await expect(obeying.extract({ bytes }, { signal: cancel.signal })).rejects.toBe(reason);
    });

    // In which order children are lent is tested in pool.test.ts. Two files may be read at a time here, so either may end
    // first.
    it("ends alone: those who wait for a child get one, and their own text", async () => {
      const cancel = new AbortController();
      const bytes = makePdf({ pages: ["One.", STALL] });
      const running = obeying.extract({ bytes }, { signal: cancel.signal, onPage: () => cancel.abort() });
      const waiting = ["a", "b", "c"].map((name) => extract(makePdf({ pages: [name] }), obeying));
      await expect(running).rejects.toThrow();
      expect(await Promise.all(waiting)).toMatchObject([{ pages: ["a"] }, { pages: ["b"] }, { pages: ["c"] }]);
    });
  });

  const locked = corpus().filter(({ category }) => category === "encrypted-user");
  describe("an encrypted file", () => {
    it.each(locked.map((file) => [file.file, file] as const))(
      "%s opens with its password only",
      async (_name, file) => {
        const bytes = file.bytes();
        expect(await extract({ bytes })).toEqual({ kind: "failed", code: "PDF_ENCRYPTED", permanent: true });
        expect(await extract({ bytes, password: "not this one" })).toEqual({
          kind: "failed",
          code: "PDF_ENCRYPTED",
          reason: "password",
          permanent: true,
        });
        expect(await extract({ bytes, password: file.userPassword ?? "" })).toMatchObject({ kind: "text" });
      },
    );
  });
}
