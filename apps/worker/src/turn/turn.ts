import type { TakenAsk } from "@docrelay/channel";
import type { Failure } from "../report/failure.ts";

/** An ask that this worker has taken. */
export interface OwnedAsk {
  readonly ask: TakenAsk;
  /** The random token of this turn, which the turn's writes carry: the store refuses writes with an earlier token. */
  readonly owner: string;
}

/** How a turn ended, which decides what the worker does next with the conversation. */
export type Turn =
  /** The ask has ended; the worker takes the next one. */
  | { kind: "next" }
  /** The ask has ended and the mailbox is empty. An ask that is accepted later rings its own bell. */
  | { kind: "last" }
  /** The engine call failed; the ask may get another one. `spent`: how many of `ENGINE_ATTEMPTS` are used up. */
  | { kind: "retry"; spent: number; failure: Failure }
  /**
   * The ask has changed during the turn, so the worker takes it again: after a pause (`again`) or at once
   * (`look-again`).
   */
  | { kind: "again" | "look-again" }
  /** The ask waits for texts and uses no worker slot. */
  | { kind: "parked" }
  /** Another worker owns the ask. */
  | { kind: "lost" }
  /** This process stops, and has handed the ask back for another worker. */
  | { kind: "handed-back" };

/**
 * The place of an event: the `n`-th of the attempt `attempt`. The store refuses the event if this is not the next place
 * of the ask. `"any"`: for a terminal event, which may come after any event.
 */
export type EventPlace = { attempt: number; n: number } | "any";

/** For how many ms a step of a turn is retried while Redis is away. */
export const STORE_PATIENCE_MS = 20_000;

/**
 * Returns how a turn ends after a reply of the store that does not let it continue. An ask that its user has cancelled
 * has no terminal event yet: `onCancelled` writes it.
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
