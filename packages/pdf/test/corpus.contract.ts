import type { CorpusFile } from "@docrelay/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { mean, runFile, type Run } from "./corpus-run.ts";
import { LIMITS } from "./limits.ts";
import { extractorOnSharedCores } from "./shared-cores.ts";
import type { Extractor, ExtractorOptions } from "../src/index.ts";

/**
 * Tests that each file has the outcome and the text that its manifest states, and that a child reads a file in the same
 * way whatever it has read before.
 */
export function corpusContract(name: string, files: readonly CorpusFile[]): void {
  const readable = files.filter(({ category }) => category !== "huge");
  describe(`${name}: ${files.length} files`, () => {
    const open: Extractor[] = [];
    const create = (engine: ExtractorOptions["engine"], concurrency: number): Extractor => {
      const extractor = extractorOnSharedCores({ engine, concurrency, limits: LIMITS });
      open.push(extractor);
      return extractor;
    };
    afterAll(() => Promise.all(open.map((extractor) => extractor[Symbol.asyncDispose]())));

    /** For each PDF engine: the results of all files. Two children read them once, and all tests use these results. */
    const passes = new Map<ExtractorOptions["engine"], Promise<Run[]>>();
    const readAll = (engine: ExtractorOptions["engine"]): Promise<Run[]> => {
      const pass = passes.get(engine) ?? readWithTwo(create(engine, 2));
      passes.set(engine, pass);
      return pass;
    };
    async function readWithTwo(extractor: Extractor): Promise<Run[]> {
      const runs: Run[] = [];
      const queue = readable.flatMap((file) =>
        file.userPassword === undefined ? [{ file }] : [{ file }, { file, password: file.userPassword }],
      );
      const reader = async (): Promise<void> => {
        for (let next = queue.shift(); next; next = queue.shift())
          runs.push(await runFile(extractor, next.file, next.password));
      };
      await Promise.all([reader(), reader()]);
      return runs;
    }

    it.each([
      { engine: "auto", similarity: 0.997, least: 0.98, books: 0.975, scripts: 0.95 },
      // pdf-parse returns the letters of some Arabic ligatures in the wrong order, which only a dictionary could show.
      { engine: "pdf-parse", similarity: 0.997, least: 0.98, books: 0.975, scripts: 0.95 },
    ] as const)("is read faithfully by $engine, with no wrong outcome", async (wanted) => {
      const runs = await readAll(wanted.engine);
      expect(runs.flatMap(({ wrong }) => wrong ?? [])).toEqual([]);
      const likenesses = runs.flatMap(({ similarity }) => similarity ?? []);
      expect(likenesses.length).toBeGreaterThan(5);
      expect(mean(likenesses)).toBeGreaterThanOrEqual(wanted.similarity);
      expect(Math.min(...likenesses)).toBeGreaterThanOrEqual(wanted.least);
      const f1 = (which: (run: Run) => boolean): number[] => runs.filter(which).flatMap((run) => run.f1 ?? []);
      const scripts = f1(({ file }) => file.category === "cjk" || file.category === "rtl");
      expect(mean(scripts)).toBeGreaterThanOrEqual(wanted.scripts);
      // Books with many pages. Only `../shared` has them.
      const books = f1(({ file }) => file.category === "born-digital" && file.groundTruthKind === "words");
      if (books.length > 0) expect(mean(books)).toBeGreaterThanOrEqual(wanted.books);
    });

    it("is read the same whatever was read before by the same child", async () => {
      const there = new Map<string, unknown>();
      for (const { file, outcome, opened } of await readAll("auto")) if (!opened) there.set(file.file, outcome);
      const extractor = create("auto", 1);
      for (const file of readable.toReversed())
        expect((await runFile(extractor, file)).outcome, file.file).toEqual(there.get(file.file));
    });
  });
}
