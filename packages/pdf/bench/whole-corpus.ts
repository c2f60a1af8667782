import { sharedCorpus } from "@docrelay/testkit";
import { createExtractor } from "../src/index.ts";
import { runFile } from "../test/corpus-run.ts";
import { peakOfThis, watchChildren } from "./children.ts";
import { LIMITS } from "../test/limits.ts";

/*
 * node packages/pdf/bench/whole-corpus.ts: reads every file of the corpus, two at a time. Nothing else runs in this
 * process, so its memory is what extraction costs the process that starts the children.
 */

await using extractor = createExtractor({ engine: "auto", concurrency: 2, limits: LIMITS });
const children = watchChildren();
const files = sharedCorpus();
const queue = [...files];
const slowest = { afterLastPageMs: 0, ms: 0 };
await Promise.all(
  [1, 2].map(async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const { ms, afterLastPageMs } = await runFile(extractor, { ...file, truth: () => undefined });
      slowest.afterLastPageMs = Math.max(slowest.afterLastPageMs, afterLastPageMs);
      slowest.ms = Math.max(slowest.ms, ms);
    }
  }),
);
children.stop();
const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
console.log(
  `${files.length} files through two slots: this process held at most ${megabytes(peakOfThis())} MB, a child ` +
    `${megabytes(children.peak())} MB; the slowest ended ${(slowest.afterLastPageMs / 1000).toFixed(1)} s after its last ` +
    `page, ${(slowest.ms / 1000).toFixed(1)} s after its beginning`,
);
