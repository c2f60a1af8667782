import { setPriority } from "node:os";
import { startChild, type Child } from "../src/children/child-process.ts";
import { createCoreWatch, type CoreWatch, type WatchedProcess } from "../src/children/core-watch.ts";
import type { EngineName } from "../src/engines/page-engine.ts";
import { createExtractor, type Extractor, type ExtractorOptions } from "../src/index.ts";

/*
 * Tests run beside other tests, perhaps on cores that are all busy. There, children that run only on idle cores would
 * get almost no processor time, and would be replaced after seconds. So the children of tests start as if the cores
 * were full, and get normal priority once they have work. `core-watch.test.ts` and `child-process.test.ts` test the
 * real behaviour.
 */

/** Returns a CoreWatch for children: for it, the cores are always full, so children do not wait for idle cores. */
export function sharedCores(): CoreWatch {
  return { ...createCoreWatch(), coresAreFull: () => true, watch: raisePriority };
}

type Start = (engine: EngineName, coreWatch: CoreWatch) => Child;

/** Returns a CoreWatch for a pool: for it, the cores are always idle, and no child is starved. */
export function idleCores(): CoreWatch {
  return { ...sharedCores(), coresAreFull: () => false };
}

/**
 * Starts a child for a pool with `idleCores`. The child has normal priority, but pretends to run only on idle cores, so
 * that the pool keeps it.
 */
export function startOnSharedCores(engine: EngineName, start: Start = startChild): Child {
  return Object.defineProperty(start(engine, sharedCores()), "idleOnly", { value: true, configurable: true });
}

/** Creates an extractor whose children get enough processor time beside other tests. */
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
    // The child has ended, or this process may not raise a priority. In the second case the child keeps nice 10.
  }
  return () => undefined;
}
