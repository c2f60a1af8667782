import { join } from "node:path";
import { startChild, type Child } from "../src/children/child-process.ts";
import type { CoreWatch } from "../src/children/core-watch.ts";
import type { EngineName } from "../src/engines/page-engine.ts";

/** Starts a child that obeys the orders below, which are texts of pages; every other page it reads as ever. */
export function startObeying(engine: EngineName, coreWatch: CoreWatch): Child {
  return startChild(engine, coreWatch, join(import.meta.dirname, "obeying-child.ts"));
}

/** The page never ends: the child computes, and hears nothing any more. */
export const STALL = "order: stall";
/** Takes memory until the child is ended. */
export const GROW = "order: grow";
/** The page takes this long. */
export const work = (ms: number): string => `order: work ${ms}`;
/** The child keeps so many MiB more, and reads on. */
export const hold = (mebibytes: number): string => `order: hold ${mebibytes}`;
/** The child ends with this code. */
export const exit = (code: number): string => `order: exit ${code}`;
