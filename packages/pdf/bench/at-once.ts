import { readFileSync } from "node:fs";
import { createExtractor, type ExtractLimits } from "../src/index.ts";

/** Reads files with two children, two files at a time: as a worker does while more than one file waits. */
export interface TwoAtOnce extends AsyncDisposable {
  read(paths: readonly string[]): Promise<number>;
}

export function twoAtOnce(limits: ExtractLimits): TwoAtOnce {
  const extractor = createExtractor({ engine: "auto", concurrency: 2, limits });
  return {
    async read(paths) {
      const waiting = [...paths];
      const begun = performance.now();
      const readNext = async (): Promise<void> => {
        for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
          await extractor.extract({ bytes: readFileSync(path) }, { signal: new AbortController().signal });
        }
      };
      await Promise.all([readNext(), readNext()]);
      return performance.now() - begun;
    },
    [Symbol.asyncDispose]: () => extractor[Symbol.asyncDispose](),
  };
}
