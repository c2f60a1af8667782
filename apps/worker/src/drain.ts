import { within } from "@docrelay/platform";
import type { Membership } from "./bell/membership.ts";
import type { RunningAsks } from "./answer/running-asks.ts";

/** A part of the worker that begins work, such as running a conversation's asks, until it is stopped. */
export interface Stoppable {
  /** Begins no new work; running work continues. */
  stop(): Promise<void>;
  /** Resolves when no work runs. */
  idle(): Promise<void>;
}

export interface DrainDeps {
  readonly membership: Pick<Membership, "leave">;
  readonly consumers: readonly Stoppable[];
  readonly running: RunningAsks | undefined;
  readonly stopping: AbortController;
  readonly leaving: AbortController;
  readonly graceMs: number;
}

const HAND_BACK_MS = 2000;

/**
 * Stops a worker: it announces its stop, begins no more work, and waits until running work has ended. When `graceMs`
 * are over, it hands the rest back. Returns `late` if some work still runs two seconds after that.
 */
export async function drain({
  membership,
  consumers,
  running,
  stopping,
  leaving,
  graceMs,
}: DrainDeps): Promise<"idle" | "handed-back" | "late"> {
  stopping.abort(new Error("the worker stops"));
  await Promise.all([membership.leave(), ...consumers.map((consumer) => consumer.stop())]);
  if (await idleWithin(consumers, graceMs)) return "idle";
  leaving.abort(new Error("the worker stops"));
  running?.abandon();
  return (await idleWithin(consumers, HAND_BACK_MS)) ? "handed-back" : "late";
}

async function idleWithin(consumers: readonly Stoppable[], ms: number): Promise<boolean> {
  return within(ms, () => Promise.all(consumers.map((consumer) => consumer.idle()))).then(
    () => true,
    () => false,
  );
}
