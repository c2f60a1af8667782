import type { Turn } from "@docrelay/client";

/**
 * Returns the state of a turn, with `running` split in two: `asking` once the engine was called, before that `waiting`.
 */
export function stageOf({ state, attempt }: Turn): Exclude<Turn["state"], "running"> | "waiting" | "asking" {
  return state !== "running" ? state : attempt > 0 ? "asking" : "waiting";
}
