import { createCoreWatch, type CoreWatch } from "../src/children/core-watch.ts";

/**
 * OCR takes seconds of CPU time, and tests run beside other tests that keep all cores busy. Children that run on idle
 * cores only would wait for those, so this one starts them as on full cores; `core-watch.test.ts` has the policy itself.
 */
export function sharedCores(): CoreWatch {
  return { ...createCoreWatch(), coresAreFull: () => true, watch: () => () => undefined };
}
