import type { Event } from "@docrelay/protocol";
import type { Entry, EntryOf } from "../history.ts";

/**
 * What the checker can report: a guarantee of docs/SPEC.md that did not hold, or (`UNTRIED`) a run that proves less
 * than intended.
 */
export type Fault =
  /** An acknowledged ask without a terminal event. */
  | "LOST"
  /** An ask with more than one terminal event. */
  | "TWO-ENDS"
  /** The same event twice: in a log, or shown by a tab. */
  | "DUP-APPLIED"
  /** A missing event, in a log or in what a tab has shown; or a tab that did not catch up. */
  | "GAPS"
  /** A tab showed an event of another user. */
  | "CROSS-USER"
  /** A tab showed an event that differs from the log. */
  | "NOT-THE-LOG"
  /** An answer that is not the whole text of one engine call, or whose engine call lacked the ask's file. */
  | "WRONG-TEXT"
  /** Asks of a conversation that ran out of order or at the same time, or attempts whose numbers decreased. */
  | "ORDER"
  /** An ask with more engine calls than `ENGINE_ATTEMPTS` plus the calls that the faults of the run may have spared. */
  | "CALLS"
  /** An ask that was refused and stored nevertheless. */
  | "REFUSED-STORED"
  /** A terminal event more than ten seconds after the deadline, not counting the time for which Redis was away. */
  | "LATE"
  /** Events that a connected tab found only by reading the log, while there was no fault. */
  | "UNTOLD"
  /** A key that should have been removed, or a process that used more memory than `MEMORY_LIMIT`. */
  | "LEAK"
  /** A process that ended although the run did not end it. */
  | "DIED"
  /** A planned failpoint that was not reached. */
  | "UNTRIED";

export interface Violation {
  readonly fault: Fault;
  readonly who: string;
  readonly what: string;
}

export type Report = (fault: Fault, who: string, what: string) => void;

/** A history, with its entries grouped by kind. */
export interface Facts {
  readonly meta: EntryOf<"meta">;
  readonly of: <K extends Entry["kind"]>(kind: K) => ReadonlyArray<EntryOf<K>>;
  /** The log of each conversation, by {@link logName}, as a new client has read it at the end. */
  readonly logs: ReadonlyMap<string, readonly Event[]>;
}

export const logName = (at: { user: string; conversation: string }): string => `${at.user}/${at.conversation}`;
