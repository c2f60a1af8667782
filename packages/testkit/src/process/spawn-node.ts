import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { guard } from "./guard.ts";

/** A process under test. It ends when the process of the test ends, also by SIGKILL. */
export interface TestProcess extends AsyncDisposable {
  readonly pid: number;
  /** All it has printed, stdout and stderr, line by line. */
  readonly lines: readonly string[];
  /** Calls back for every line from now on. */
  onLine(listener: (line: string) => void): void;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** The first line, printed already or to come, that matches. @throws Error with all lines after `timeoutMs` (60 s) or an exit. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<string>;
  kill(signal?: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `timeoutMs`. */
  stop(timeoutMs?: number): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A deadline, not a pause: on a machine that does much else a process takes that long to start. */
const WAIT_MS = 60_000;

/**
 * Starts `node <entry>` with these variables and none of this process's own but PATH, HOME, and the folder of code that
 * Node has compiled before.
 */
export function spawnNode(
  entry: string,
  of: { env?: Record<string, string>; args?: string[]; cwd?: string } = {},
): TestProcess {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [entry, ...(of.args ?? [])], {
    env: { PATH, HOME, ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}), ...of.env },
    cwd: of.cwd,
    // The channel tells the child to end when this process has ended, however it ended.
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
    stop,
    waitFor: (pattern, timeoutMs = WAIT_MS) => waitForLine({ lines, onLine, exited }, pattern, timeoutMs),
    async [Symbol.asyncDispose]() {
      await stop(5000);
    },
  };
}

interface Lines {
  readonly lines: readonly string[];
  /** Calls back for every line from now on; returns how to stop. */
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
