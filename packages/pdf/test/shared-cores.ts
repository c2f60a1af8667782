import { setPriority } from "node:os";
import { startChild, type Child } from "../src/children/child-process.ts";
import { createCoreWatch, type CoreWatch, type WatchedProcess } from "../src/children/core-watch.ts";
import type { EngineName } from "../src/engines/page-engine.ts";
import { createExtractor, type Extractor, type ExtractorOptions } from "../src/index.ts";

/*
 * Tests run beside other tests, and perhaps beside something that keeps all cores busy. Children that run on idle cores
 * only would get next to no time there, and be replaced after seconds. So these start as on full cores, and get the
 * priority of every process once they have work; `core-watch.test.ts` and `child-process.test.ts` have the policy itself.
 */

/** For children that are not lent to another file: cores are always full. */
export function sharedCores(): CoreWatch {
  return { ...createCoreWatch(), coresAreFull: () => true, watch: raisePriority };
}

type Start = (engine: EngineName, coreWatch: CoreWatch) => Child;

/** For a pool: it treats its children as on idle cores, and none is ever starved. */
export function idleCores(): CoreWatch {
  return { ...sharedCores(), coresAreFull: () => false };
}

/** Starts a child that such a pool keeps. */
export function startOnSharedCores(engine: EngineName, start: Start = startChild): Child {
  return Object.defineProperty(start(engine, sharedCores()), "idleOnly", { value: true });
}

/** An extractor that treats its children as on idle cores, but whose children get their time beside other tests. */
export function extractorOnSharedCores(
  options: Omit<ExtractorOptions, "coreWatch">,
  start: Start = startChild,
): Extractor {
  return createExtractor({ ...options, coreWatch: idleCores() }, (engine) => startOnSharedCores(engine, start));
}

function raisePriority(watched: WatchedProcess & { readonly pid?: number }): () => void {
  try {
    if (watched.pid !== undefined) setPriority(watched.pid, 0);
  } catch {
    // It has ended, or this process has no privilege to raise a priority: nice 10 then.
  }
  return () => undefined;
}
