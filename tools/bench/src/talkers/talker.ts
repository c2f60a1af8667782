import type { AskTally } from "../measure/ask-tally.ts";

/** A user with one connection and one conversation. A tally counts what happens to its asks. */
export interface Talker {
  /**
   * Sends an ask now; `upload` names a finished upload of this user. Never throws: a closed connection is counted as an
   * error.
   */
  ask(id: string, message: string, upload?: string): void;
  /** Asks of this user that have not ended. */
  readonly running: number;
  /** Reads from the log the events that did not arrive live; does nothing if the protocol has no log. */
  catchUp(): Promise<void>;
  close(): void;
}

export interface TalkerOptions {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  /** Returns the tally in which to count; called for each event, because each phase of a run has its own tally. */
  tally(): AskTally;
  /** Called when one of this talker's asks has ended in any way. */
  onEnded?(ask: string): void;
}

export type Protocol = "socketio" | "plain";
