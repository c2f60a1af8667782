import type { AskTally } from "./ask-tally.ts";

/** A user with one connection and one conversation on it. What becomes of its asks goes to a tally. */
export interface Talker {
  /** Sends an ask now; `upload` names a finished upload of this user. Never throws: an ended connection is an error. */
  ask(id: string, message: string, upload?: string): void;
  /** Asks of this user that have not ended. */
  readonly running: number;
  /** Reads from the log what has not come live; nothing where the protocol has no log. */
  catchUp(): Promise<void>;
  close(): void;
}

export interface TalkerOptions {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  /** Where things are told to; asked for each time, since a run may have phases. */
  tally(): AskTally;
  /** Called when one of this talker's asks has ended, however. */
  onEnded?(ask: string): void;
}

export type Protocol = "socketio" | "plain";
