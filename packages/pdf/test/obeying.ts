import { join } from "node:path";
import { startChild, type Child } from "../src/children/child-process.ts";
import type { CoreWatch } from "../src/children/core-watch.ts";
import type { EngineName } from "../src/engines/page-engine.ts";

/**
 * Starts a child that obeys the orders of this file. An order is a line in the text of a page. All other pages are read
 * as usual.
 */
export function startObeying(engine: EngineName, coreWatch: CoreWatch): Child {
  return startChild(engine, coreWatch, join(import.meta.dirname, "obeying-child.ts"));
}

/** An order: compute forever, and read no more messages. */
export const STALL = "order: stall";
/** An order: take more and more memory until killed. */
export const GROW = "order: grow";
/** An order: compute for this many ms. */
export const work = (ms: number): string => `order: work ${ms}`;
/** An order: take this many MiB, keep them, and go on. */
export const hold = (mebibytes: number): string => `order: hold ${mebibytes}`;
/** An order: end with this exit code. */
export const exit = (code: number): string => `order: exit ${code}`;
