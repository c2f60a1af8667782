import type { Event } from "@docrelay/protocol";
import type { Entry, EntryOf } from "./history.ts";

/** What may be wrong with a run. Each is a promise of docs/SPEC.md that was not kept. */
export type Fault =
  /** An acknowledged ask without an end. */
  | "LOST"
  /** More than one end. */
  | "TWO-ENDS"
  /** The same event twice: in a log, or shown by a tab. */
  | "DUP-APPLIED"
  /** A position that nobody has: in a log, or in what a tab showed, or a tab that stayed behind. */
  | "GAPS"
  /** An event that is somebody else's. */
  | "CROSS-USER"
  /** What was shown is not what is in the log. */
  | "NOT-THE-LOG"
  /** A text that no single call of the engine gave. */
  | "WRONG-TEXT"
  /** Asks of a conversation that ran out of turn, or at the same time, or attempts that went backwards. */
  | "ORDER"
  /** More engine calls than allowed. */
  | "CALLS"
  /** An ask that was refused and is there all the same. */
  | "REFUSED-STORED"
  /** An end after the deadline and its ten seconds. */
  | "LATE"
  /** Events that a connected tab found only by looking itself, while nothing was broken. */
  | "UNTOLD"
  /** Something that stayed behind: a key, memory. */
  | "LEAK"
  /** A process that ended by itself. */
  | "DIED"
  /** Something that was to be broken and was not: the run proves less than it says. */
  | "UNTRIED";

export interface Violation {
  readonly fault: Fault;
  readonly who: string;
  readonly what: string;
}

export type Report = (fault: Fault, who: string, what: string) => void;

/** A history by what it tells of. */
export interface Facts {
  readonly meta: EntryOf<"meta">;
  readonly of: <K extends Entry["kind"]>(kind: K) => ReadonlyArray<EntryOf<K>>;
  /** The log of each conversation, as a fresh client read it at the end; by {@link logName}. */
  readonly logs: ReadonlyMap<string, readonly Event[]>;
}

export const logName = (at: { user: string; conversation: string }): string => `${at.user}/${at.conversation}`;
