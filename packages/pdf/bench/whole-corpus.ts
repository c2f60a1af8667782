import { sharedCorpus } from "@docrelay/testkit";
import { createExtractor } from "../src/index.ts";
import { runFile } from "../test/corpus-run.ts";
import { peakOfThis, watchChildren } from "./children.ts";
import { LIMITS } from "../test/limits.ts";

/*
 * node packages/pdf/bench/whole-corpus.ts: reads every file, two at a time, in a process that does nothing else. This
 * shows how much memory extraction costs the process that starts the children, apart from what else a worker does.
 */

await using extractor = createExtractor({ engine: "auto", concurrency: 2, limits: LIMITS });
const children = watchChildren();
const files = sharedCorpus();
const queue = [...files];
const slowest = { afterLastPageMs: 0, ms: 0 };
await Promise.all(
  [1, 2].map(async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      // The text is not compared with the expected one, because comparing takes more memory than reading.
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
