import { makePdf } from "@docrelay/testkit";
import { LIMITS } from "./limits.ts";
import { startObeying, work } from "./obeying.ts";
import { extractorOnSharedCores } from "./shared-cores.ts";

/*
 * A program that reads a file in which each page may take 2.5 s. Prints when the reading has begun, and then the
 * outcome.
 */

const pages = Array.from({ length: 10 }, () => work(300));
const bytes = makePdf({ pages });
const limits = { ...LIMITS, stallMs: 2500 };
await using extractor = extractorOnSharedCores({ engine: "pdfium", concurrency: 1, limits }, startObeying);
const outcome = await extractor.extract(
  { bytes },
  { signal: new AbortController().signal, onPage: (page) => page === 1 && console.log("begun") },
);
console.log(`outcome ${outcome.kind === "text" ? outcome.missing.length : outcome.reason} missing`);
