/** A Redis of a test's own. `kill` ends it at once; `restart` brings it back on the same port with the same files. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT: connected, but silent. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}
