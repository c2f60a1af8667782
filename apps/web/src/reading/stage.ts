import type { Turn } from "@docrelay/client";

/** A running turn is `asking` from the first call of the engine. */
export function stageOf({ state, attempt }: Turn): Exclude<Turn["state"], "running"> | "waiting" | "asking" {
  return state !== "running" ? state : attempt > 0 ? "asking" : "waiting";
}
