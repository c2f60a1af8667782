import { eventually, makePdf } from "@docrelay/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../test/limits.ts";
import { STALL, startObeying, work } from "../../test/obeying.ts";
import { extractorOnSharedCores } from "../../test/shared-cores.ts";
import type { ExtractorOptions } from "../extractor.ts";
import type { ExtractLimits, ExtractOutcome, Extractor } from "../index.ts";

const open: Extractor[] = [];
afterAll(() => Promise.all(open.map((extractor) => extractor[Symbol.asyncDispose]())));

type Engine = ExtractorOptions["engine"];
/** An extractor with `concurrency` children, all of them ready. */
async function create(engine: Engine, concurrency: number, limits: Partial<ExtractLimits> = {}): Promise<Extractor> {
  const extractor = extractorOnSharedCores({ engine, concurrency, limits: { ...LIMITS, ...limits } }, startObeying);
  open.push(extractor);
  await warmUp(extractor, concurrency);
  return extractor;
}
/**
 * Waits until all children are ready. Only a ready child can help, and a killed child was replaced by a child that
 * still starts.
 */
async function warmUp(extractor: Extractor, children: number): Promise<void> {
  const bytes = makePdf({ pages: ["warm"] });
  await Promise.all(Array.from({ length: children }, () => extractor.extract({ bytes }, { signal })));
}
const { signal } = new AbortController();
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `This is page ${index + 1}.`);
/** A child needs some milliseconds to read a page with this many drawing operators. */
const OPERATORS = 5000;

/**
 * Pages that take a child 10 ms each. Their file is so small that a child receives it at once, so a second child has
 * time to begin.
 */
const slow = (count: number): string[] => numbered(count).map((page) => `${page}\n${work(10)}`);
/**
 * For how many ms a test extracts a file again and again, until two children have both read pages of it. One extraction
 * may not be enough: the second child may begin too late, or be told to stop before it has read a page.
 */
const HELP_MS = 90_000;
const HELP = { timeoutMs: HELP_MS, what: "a file that was read by both" };

/**
 * Extracts a file once. `helped`: the progress increased by more than one page at once, which only a second child can
 * cause.
 */
async function withProgress(
  extractor: Extractor,
  bytes: Uint8Array,
): Promise<{ outcome: ExtractOutcome; reported: number[]; helped: boolean }> {
  const reported: number[] = [];
  const outcome = await extractor.extract({ bytes }, { signal, onPage: (page) => reported.push(page) });
  return { outcome, reported, helped: reported.some((page, index) => page > (reported[index - 1] ?? 0) + 1) };
}

/** The outcome of an extraction; undefined if no second child has helped. */
async function extractHelped(extractor: Extractor, bytes: Uint8Array): Promise<ExtractOutcome | undefined> {
  const { outcome, helped } = await withProgress(extractor, bytes);
  return helped ? outcome : undefined;
}

/* For all PDF engines, two children work together in the same way. So only the first test runs with each engine. */
describe("a file that two children read from both ends", () => {
  it.each(["pdfium", "pdf-parse"] as const)(
    "comes out as one child reads it, by %s, with progress that counts the pages of both",
    { timeout: HELP_MS + 30_000 },
    async (engine) => {
      const bytes = makePdf({ pages: numbered(120), operators: OPERATORS });
      const extractor = await create(engine, 2);
      const { reported, outcome } = await eventually(async () => {
        const found = await withProgress(extractor, bytes);
        return found.helped ? found : undefined;
      }, HELP);
      expect(outcome).toMatchObject({ kind: "text", pages: numbered(120), missing: [], truncated: false });
      expect(reported).toEqual(reported.toSorted((a, b) => a - b));
      expect(reported.at(-1)).toBe(120);
    },
  );

  /** The outcome of a file with one child, and with two children of which the second helped. */
  async function both(
    pages: string[],
    limits?: Partial<ExtractLimits>,
  ): Promise<[alone: ExtractOutcome, helped: ExtractOutcome]> {
    const bytes = makePdf({ pages });
    const [one, two] = [await create("pdfium", 1, limits), await create("pdfium", 2, limits)];
    const helped = await eventually(async () => {
      await warmUp(two, 2);
      return extractHelped(two, bytes);
    }, HELP);
    return [await one.extract({ bytes }, { signal }), helped];
  }

  it("is cut at its cap where one child's would be", { timeout: HELP_MS + 30_000 }, async () => {
    const [alone, helped] = await both(slow(60), { maxTextBytes: 1400 });
    expect(helped).toEqual(alone);
    expect(helped).toMatchObject({ truncated: true });
  });

  it("keeps what is before a page that takes too long, and no more", { timeout: HELP_MS + 30_000 }, async () => {
    const pages = slow(24);
    pages[20] = STALL;
    const [alone, helped] = await both(pages, { stallMs: 2000 });
    expect(helped).toEqual(alone);
    expect(helped).toMatchObject({ pages: [...slow(20), "", "", "", ""] });
  });

  it("does not keep the second child from another file", { timeout: HELP_MS + 30_000 }, async () => {
    const extractor = await create("pdfium", 2);
    const bytes = makePdf({ pages: slow(250) });
    let ended: string[] = [];
    let helped = false;
    const readLong = async (): Promise<void> => {
      let reported = 0;
      const onPage = (page: number): void => {
        helped ||= page > reported + 1;
        reported = page;
      };
      await extractor.extract({ bytes }, { signal, onPage });
      ended.push("long");
    };
    let long = readLong();
    const isHelped = (): boolean => {
      if (!helped && ended.length > 0) [ended, long] = [[], readLong()];
      return helped;
    };
    await eventually(isHelped, { everyMs: 5, ...HELP });
    await extractor.extract({ bytes: makePdf({ pages: ["short"] }) }, { signal });
    ended.push("short");
    await long;
    expect(ended).toEqual(["short", "long"]);
  });

  it("is left by both when it is cancelled", async () => {
    const extractor = await create("pdfium", 2);
    const cancel = new AbortController();
    const bytes = makePdf({ pages: slow(100) });
    const extracting = extractor.extract(
      { bytes },
      { signal: cancel.signal, onPage: (page) => page > 20 && cancel.abort() },
    );
    await expect(extracting).rejects.toThrow("aborted");
    const next = Array.from({ length: 2 }, () =>
      extractor.extract({ bytes: makePdf({ pages: ["next"] }) }, { signal }),
    );
    expect(await Promise.all(next)).toMatchObject([{ pages: ["next"] }, { pages: ["next"] }]);
  });
});
