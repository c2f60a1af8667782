import { within } from "@docrelay/platform";
import type { Consumer } from "@docrelay/jobs";
import type { RunningAsks } from "./answer/running-asks.ts";

export interface DrainDeps {
  readonly consumers: readonly Consumer[];
  readonly running: RunningAsks | undefined;
  readonly stopping: AbortController;
  readonly leaving: AbortController;
  readonly graceMs: number;
}

const HAND_BACK_MS = 2000;

/**
 * Fetches no more jobs, waits until the running ones end or `graceMs` is over, and hands the rest back. Another worker
 * takes those about a second later. Returns `late` if some are still running after that.
 */
export async function drain({
  consumers,
  running,
  stopping,
  leaving,
  graceMs,
}: DrainDeps): Promise<"idle" | "handed-back" | "late"> {
  stopping.abort(new Error("the worker stops"));
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  if (await idleWithin(consumers, graceMs)) return "idle";
  leaving.abort(new Error("the worker stops"));
  running?.abandon();
  return (await idleWithin(consumers, HAND_BACK_MS)) ? "handed-back" : "late";
}

async function idleWithin(consumers: readonly Consumer[], ms: number): Promise<boolean> {
  return within(ms, () => Promise.all(consumers.map((consumer) => consumer.idle()))).then(
    () => true,
    () => false,
  );
}
