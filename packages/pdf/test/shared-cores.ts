import { setPriority } from "node:os";
import { startChild, type Child } from "../src/children/child-process.ts";
import { createCoreWatch, type CoreWatch, type WatchedProcess } from "../src/children/core-watch.ts";
import type { EngineName } from "../src/engines/page-engine.ts";
import { createExtractor, type Extractor, type ExtractorOptions } from "../src/index.ts";

/*
 * Tests run beside other tests, and perhaps beside something that keeps all cores busy. Children that run on idle cores
 * only would get next to no time there, and would be replaced after seconds. So the children of tests start as on full
 * cores, and get normal priority once they have work. `core-watch.test.ts` and `child-process.test.ts` test the policy
 * itself.
 */

/** Returns a CoreWatch for children outside of a pool: the cores always count as full. */
export function sharedCores(): CoreWatch {
  return { ...createCoreWatch(), coresAreFull: () => true, watch: raisePriority };
}

type Start = (engine: EngineName, coreWatch: CoreWatch) => Child;

/** Returns a CoreWatch for a pool: the cores always count as idle, and no child ever counts as starved. */
export function idleCores(): CoreWatch {
  return { ...sharedCores(), coresAreFull: () => false };
}

/**
 * Starts a child for a pool that has `idleCores`. The child has normal priority, but the pool takes it for one that
 * runs on idle cores only.
 */
export function startOnSharedCores(engine: EngineName, start: Start = startChild): Child {
  return Object.defineProperty(start(engine, sharedCores()), "idleOnly", { value: true });
}

/** An extractor that treats its children as on idle cores, while the children get enough time beside other tests. */
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
    // The process has ended, or this one may not raise a priority; then the child keeps nice 10.
  }
  return () => undefined;
}
