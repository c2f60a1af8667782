import { spawn } from "node:child_process";
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
  /** The first line, printed already or to come, that matches. @throws Error with all lines after `timeoutMs` or an exit. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<string>;
  kill(signal?: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `timeoutMs`. */
  stop(timeoutMs?: number): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts `node <entry>` with these variables and none of this process's own but PATH and HOME. */
export function spawnNode(
  entry: string,
  of: { env?: Record<string, string>; args?: string[]; cwd?: string } = {},
): TestProcess {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [entry, ...(of.args ?? [])], {
    env: { PATH, HOME, ...of.env },
    cwd: of.cwd,
    // The channel tells the child to end when this process has ended, however it ended.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`could not start ${entry}`);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const listeners: Array<(line: string) => void> = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const listen of listeners) listen(line);
      for (const look of waiting) look();
    });
  }
  const release = guard(`process ${pid}`);
  const exited = once(child, "close").then(([code, signal]) => {
    release();
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  const stop = async (timeoutMs = 10_000): Promise<{ code: number | null; signal: NodeJS.Signals | null }> => {
    child.kill("SIGTERM");
    child.kill("SIGCONT");
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    return exited.finally(() => clearTimeout(timer));
  };

  return {
    pid,
    lines,
    onLine: (listener) => void listeners.push(listener),
    exited,
    kill: (signal = "SIGKILL") => void child.kill(signal),
    stop,
    waitFor(pattern, timeoutMs = 15_000) {
      return new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          clearTimeout(timer);
          waiting.delete(look);
          act();
        };
        const fail = (why: string): void =>
          settle(() => reject(new Error(`${pattern} ${why}; it printed:\n${lines.join("\n")}`)));
        const look = (): void => {
          const line = lines.find((text) => pattern.test(text));
          if (line !== undefined) settle(() => resolve(line));
        };
        const timer = setTimeout(() => fail(`did not come within ${timeoutMs} ms`), timeoutMs);
        waiting.add(look);
        void exited.then(() => {
          look();
          if (waiting.has(look)) fail("did not come before the exit");
        });
        look();
      });
    },
    async [Symbol.asyncDispose]() {
      await stop(5000);
    },
  };
}
