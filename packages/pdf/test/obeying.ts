import { join } from "node:path";
import { startChild, type Child } from "../src/children/child-process.ts";
import type { CoreWatch } from "../src/children/core-watch.ts";
import type { EngineName } from "../src/engines/page-engine.ts";

/**
 * Starts a child that obeys the orders of this file. An order is the text of a page; all other pages are read as usual.
 */
export function startObeying(engine: EngineName, coreWatch: CoreWatch): Child {
  return startChild(engine, coreWatch, join(import.meta.dirname, "obeying-child.ts"));
}

/** The page never ends: the child computes and reads no more messages. */
export const STALL = "order: stall";
/** The child takes more and more memory until it is killed. */
export const GROW = "order: grow";
/** Reading the page takes this many ms. */
export const work = (ms: number): string => `order: work ${ms}`;
/** The child allocates this many MiB, keeps them, and reads on. */
export const hold = (mebibytes: number): string => `order: hold ${mebibytes}`;
/** The child ends with this code. */
export const exit = (code: number): string => `order: exit ${code}`;
