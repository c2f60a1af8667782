import type { TakenAsk } from "@docrelay/channel";
import type { Failure } from "../report/failure.ts";

/** An ask that this worker has taken. */
export interface OwnedAsk {
  readonly ask: TakenAsk;
  /** The random token of this turn: the store refuses writes of an earlier owner. */
  readonly owner: string;
}

/** How a turn ended, which decides what the worker does next with the conversation. */
export type Turn =
  /** The ask has ended: the next one is taken. */
  | { kind: "next" }
  /** The ask has ended and the mailbox was empty: an ask that is accepted later has its own bell. */
  | { kind: "last" }
  /** The engine call failed; the ask may get another one. `spent`: how many calls count against `ENGINE_ATTEMPTS`. */
  | { kind: "retry"; spent: number; failure: Failure }
  /** The ask changed during the turn: it is taken again, at once or after a pause. */
  | { kind: "again" | "look-again" }
  /** The ask waits for texts and uses no worker slot. */
  | { kind: "parked" }
  /** Another worker owns the ask. */
  | { kind: "lost" }
  /** The process stops: the ask was handed back for another worker. */
  | { kind: "handed-back" };

/** The place in the log at which an event is written; `"any"` for a terminal event that is valid in every attempt. */
export type EventPlace = { attempt: number; n: number } | "any";

/** For how long a step of a turn is retried while the store is away. */
export const STORE_PATIENCE_MS = 20_000;

/**
 * Ends the turn after a reply of the store that does not let it continue; used by every step. A cancelled ask has no
 * terminal event yet: `onCancelled` writes it.
 */
export async function turnOf(reply: "cancelled" | "stale" | "ended", onCancelled: () => Promise<Turn>): Promise<Turn> {
  switch (reply) {
    case "cancelled":
      return onCancelled();
    case "stale":
      return { kind: "lost" };
    case "ended":
      return { kind: "next" };
  }
}
