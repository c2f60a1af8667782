import { corpus } from "@docrelay/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { mean, runFile, type Run } from "../test/corpus-run.ts";
import { LIMITS } from "../test/limits.ts";
import { createExtractor } from "./index.ts";

/* Files of every kind: those that testkit makes, and of many makers where `../shared` is there. */

const all = corpus();
const readable = all.filter(({ category }) => category !== "huge");

describe(`the corpus of ${all.length} files`, { timeout: 120_000 }, () => {
  const open: Array<ReturnType<typeof createExtractor>> = [];
  const create = (...args: Parameters<typeof createExtractor>): ReturnType<typeof createExtractor> => {
    const extractor = createExtractor(...args);
    open.push(extractor);
    return extractor;
  };
  afterAll(() => Promise.all(open.map((extractor) => extractor[Symbol.asyncDispose]())));

  it.each([
    { engine: "auto", similarity: 0.997, least: 0.98, books: 0.975, scripts: 0.95 },
    // Arabic ligatures come out turned round where nothing shows it but the dictionary.
    { engine: "pdf-parse", similarity: 0.997, least: 0.98, books: 0.975, scripts: 0.95 },
  ] as const)("is read faithfully by $engine, with no wrong outcome", async (wanted) => {
    const extractor = create({ engine: wanted.engine, concurrency: 2, limits: LIMITS });
    const runs: Run[] = [];
    const queue = readable.flatMap((file) =>
      file.userPassword === undefined ? [{ file }] : [{ file }, { file, password: file.userPassword }],
    );
    const reader = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift())
        runs.push(await runFile(extractor, next.file, next.password));
    };
    await Promise.all([reader(), reader()]);

    expect(runs.flatMap(({ wrong }) => wrong ?? [])).toEqual([]);
    const likenesses = runs.flatMap(({ similarity }) => similarity ?? []);
    expect(likenesses.length).toBeGreaterThan(5);
    expect(mean(likenesses)).toBeGreaterThanOrEqual(wanted.similarity);
    expect(Math.min(...likenesses)).toBeGreaterThanOrEqual(wanted.least);
    const f1 = (which: (run: Run) => boolean): number[] => runs.filter(which).flatMap((run) => run.f1 ?? []);
    const scripts = f1(({ file }) => file.category === "cjk" || file.category === "rtl");
    expect(mean(scripts)).toBeGreaterThanOrEqual(wanted.scripts);
    // Books of many pages, which only `../shared` has.
    const books = f1(({ file }) => file.category === "born-digital" && file.groundTruthKind === "words");
    if (books.length > 0) expect(mean(books)).toBeGreaterThanOrEqual(wanted.books);
  });

  it("is read the same whatever was read before by the same child", async () => {
    const outcomes = async (files: typeof readable): Promise<Map<string, unknown>> => {
      const extractor = create({ engine: "auto", concurrency: 1, limits: LIMITS });
      const found = new Map<string, unknown>();
      for (const file of files) found.set(file.file, (await runFile(extractor, file)).outcome);
      return found;
    };
    const [there, back] = [await outcomes(readable), await outcomes(readable.toReversed())];
    for (const { file } of readable) expect(back.get(file), file).toEqual(there.get(file));
  });
});
