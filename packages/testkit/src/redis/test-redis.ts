/**
 * The Redis of one test. `kill` ends it at once, if it has not ended yet; `restart` starts it again on the same port with
 * the same files.
 */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Returns the append-only file as it is now, a character for each byte. Only for a Redis that has one (`aof`). */
  readLog(): Promise<string>;
  /** Copies the append-only file as it is now, for one `rollBack`. */
  keep(): Promise<void>;
  /**
   * Kills the server and starts it with the copy that `keep` made, as after a restore from an older append-only file.
   */
  rollBack(): Promise<void>;
  /** Sends SIGSTOP; `resume` sends SIGCONT. In between, the server stays connected but does not reply. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}
