import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { guard } from "./guard.ts";

/** A process under test. It ends when the process of the test ends, even by SIGKILL. */
export interface TestProcess extends AsyncDisposable {
  readonly pid: number;
  /** The lines that the process has printed so far, on stdout and stderr. */
  readonly lines: readonly string[];
  /** Calls `listener` for every line from now on. */
  onLine(listener: (line: string) => void): void;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /**
   * Waits for a line that matches; a line that was printed before this call counts, too.
   * @throws Error with all lines after `timeoutMs` (default: 60,000), or when the process ends.
   */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<string>;
  kill(signal?: NodeJS.Signals): void;
  /** Sends a message over the IPC channel, if the process still listens to it. */
  send(message: object): void;
  /** Sends SIGTERM, and SIGKILL after `timeoutMs`. Resolves when the process has ended. */
  stop(timeoutMs?: number): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** For how many ms `waitFor` waits by default. On a busy machine a process may take this long to start. */
const WAIT_MS = 60_000;

/**
 * Starts `node <entry>` with these environment variables. Of this process's own variables, the new one gets only PATH,
 * HOME and the folder of Node's compile cache.
 */
export function spawnNode(
  entry: string,
  of: { env?: Record<string, string>; args?: string[]; cwd?: string } = {},
): TestProcess {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [entry, ...(of.args ?? [])], {
    env: { PATH, HOME, ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}), ...of.env },
    cwd: of.cwd,
    // The IPC channel closes when this process ends, for whatever reason; the child then ends, too.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`could not start ${entry}`);
  const release = guard(`process ${pid}`);
  const exited = once(child, "close").then(([code, signal]) => {
    release();
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  const { lines, onLine } = readLines(child);
  const stop: TestProcess["stop"] = async (timeoutMs = 10_000) => {
    child.kill("SIGTERM");
    child.kill("SIGCONT");
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    return exited.finally(() => clearTimeout(timer));
  };
  return {
    pid,
    lines,
    onLine: (listener) => void onLine(listener),
    exited,
    kill: (signal = "SIGKILL") => void child.kill(signal),
    send: (message) => void (child.connected && child.send(message, () => undefined)),
    stop,
    waitFor: (pattern, timeoutMs = WAIT_MS) => waitForLine({ lines, onLine, exited }, pattern, timeoutMs),
    async [Symbol.asyncDispose]() {
      await stop(5000);
    },
  };
}

interface Lines {
  readonly lines: readonly string[];
  /** Calls `listener` for every line from now on. Returns a function that removes the listener. */
  onLine(listener: (line: string) => void): () => void;
}

function readLines(child: ChildProcess): Lines {
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const listen of listeners) listen(line);
    });
  }
  return {
    lines,
    onLine(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

async function waitForLine(
  { lines, onLine, exited }: Lines & Pick<TestProcess, "exited">,
  pattern: RegExp,
  timeoutMs: number,
): Promise<string> {
  const printed = lines.find((line) => pattern.test(line));
  if (printed !== undefined) return printed;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (why: string): void => reject(new Error(`${pattern} ${why}; it printed:\n${lines.join("\n")}`));
  const timer = setTimeout(() => fail(`did not come within ${timeoutMs} ms`), timeoutMs);
  const stopListening = onLine((line) => pattern.test(line) && resolve(line));
  void exited.then(() => fail("did not come before the exit"));
  return promise.finally(() => {
    clearTimeout(timer);
    stopListening();
  });
}
