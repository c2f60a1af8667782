import { join } from "node:path";
import { startChild, type Child } from "../src/children/child-process.ts";
import type { CoreWatch } from "../src/children/core-watch.ts";
import type { EngineName } from "../src/engines/page-engine.ts";

/**
 * Starts a child that obeys the orders of this file. An order is a line in the text of a page. A page without an order
 * is read as usual.
 */
export function startObeying(engine: EngineName, coreWatch: CoreWatch): Child {
  return startChild(engine, coreWatch, { entry: join(import.meta.dirname, "obeying-child.ts") });
}

/** A line of a page that orders the child (see `startObeying`) to compute forever and to read no more messages. */
export const STALL = "order: stall";
/** A line of a page that orders the child (see `startObeying`) to take more and more memory until it is killed. */
export const GROW = "order: grow";
/** A line of a page that orders the child (see `startObeying`) to compute for this many ms. */
export const work = (ms: number): string => `order: work ${ms}`;
/**
 * A line of a page that orders the child (see `startObeying`) to take this many MiB of memory, keep them, and go on.
 */
export const hold = (mebibytes: number): string => `order: hold ${mebibytes}`;
/** A line of a page that orders the child (see `startObeying`) to end with this exit code. */
export const exit = (code: number): string => `order: exit ${code}`;
