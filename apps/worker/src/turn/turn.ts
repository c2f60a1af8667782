import type { TakenAsk } from "@docrelay/channel";
import type { Failure } from "../report/failure.ts";

/** An ask that this worker has taken. */
export interface OwnedAsk {
  readonly ask: TakenAsk;
  /** The random token of this turn: the store refuses what an earlier owner writes. */
  readonly owner: string;
}

/** How a turn ended, and with it what the worker does next about the conversation. */
export type Turn =
  /** The ask has ended: take the next one. */
  | { kind: "next" }
  /** The ask has ended and the mailbox was empty: an ask accepted later comes with its own bell. */
  | { kind: "last" }
  /** The engine call failed; the ask may get another one. `spent`: how many count against `ENGINE_ATTEMPTS`. */
  | { kind: "retry"; spent: number; failure: Failure }
  /** The ask changed during the turn: take it again, after a pause or at once. */
  | { kind: "again" | "look-again" }
  /** The ask waits for texts and uses no worker slot. */
  | { kind: "parked" }
  /** Another worker owns the ask. */
  | { kind: "lost" }
  /** The process stops: the ask was returned for another worker. */
  | { kind: "handed-back" };

/** The place in the log that an event is written to, or `"any"` for an end that counts whatever the attempt is. */
export type EventPlace = { attempt: number; n: number } | "any";

/** For how long a step of a turn is retried while the store is away. */
export const STORE_PATIENCE_MS = 20_000;

/**
 * The turn's end after a reply of the store that lets it not continue: the same for each step. A cancelled ask has no
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
