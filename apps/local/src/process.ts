import { isReadyMessage, type ReadyMessage } from "@docrelay/platform";
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = join(import.meta.dirname, "../../..");
/** The entry files of the processes: TypeScript sources; in the built launcher, the built programs. */
export const ENTRIES = {
  edge: join(import.meta.dirname, "../../edge/src/main.ts"),
  worker: join(import.meta.dirname, "../../worker/src/main.ts"),
} as const;

/** A line of a process's output: a log line parsed from JSON, or `{ level: "info", text }`. */
export interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/**
 * How a process ended. A process that ended by itself has a `code`, a process that was killed has a `signal`. Both are
 * null if the process could not be started.
 */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  /**
   * Resolves when the process announces over its IPC channel that it is ready.
   * @throws Error with the last lines that the process printed, when the process ends before it is ready, or is not
   * ready after three minutes.
   */
  readonly ready: Promise<ReadyMessage>;
  readonly exited: Promise<Exit>;
  /** Sends SIGTERM; sends SIGKILL if the process has not ended after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * How many ms a process may take to become ready. Only a process that hangs should exceed this limit: a process that
 * cannot start ends by itself. On a busy machine a start that normally takes a second has taken more than 30 s.
 */
export const READY_MS = 180_000;
const KEPT_LINES = 40;

/**
 * Starts one of {@link ENTRIES} with Node and with only the variables of `env`. The started process ends when this
 * process ends.
 */
export function startProcess(
  name: string,
  entry: string,
  env: NodeJS.ProcessEnv,
  onLine: (line: LogLine) => void,
): Running {
  const stdio = ["ignore", "pipe", "pipe", "ipc"] as const;
  return watch(name, spawn(process.execPath, [entry], { env, cwd: ROOT, stdio: [...stdio] }), onLine);
}

/** Watches a process that was started with an IPC channel. `onLine` gets each line of its stdout and stderr. */
export function watch(name: string, child: ChildProcess, onLine: (line: LogLine) => void): Running {
  const last = readLines(child, onLine);
  const { promise: ready, resolve, reject } = Promise.withResolvers<ReadyMessage>();
  ready.catch(() => undefined); // a caller may await only `exited`, and then nobody handles an error of `ready`
  const fail = (why: string): void => reject(new Error([`${name} ${why}`, ...last].join("\n")));
  const timer = setTimeout(() => fail(`was not ready after ${READY_MS / 1000} s`), READY_MS);
  child.on("message", (message) => {
    if (!isReadyMessage(message)) return;
    clearTimeout(timer);
    resolve(message);
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
    // A child that could not be started emits only `error`, and has no pid. A running child emits `error` when a signal
    // could not be sent to it, which does not mean that the child has ended.
    child.on("error", () => child.pid === undefined && resolve({ code: null, signal: null }));
  }).then((exit) => {
    clearTimeout(timer);
    fail("ended before it was ready");
    return exit;
  });

  return {
    name,
    child,
    ready,
    exited,
    async stop(graceMs = 10_000) {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await exited.finally(() => clearTimeout(late));
    },
  };
}

/**
 * Passes every line of stdout and stderr to `onLine`. Returns a live array: at any time, it holds the newest {@link
 * KEPT_LINES} lines.
 */
function readLines(child: ChildProcess, onLine: (line: LogLine) => void): readonly string[] {
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (text) => {
      last.push(text);
      if (last.length > KEPT_LINES) last.shift();
      onLine(parseLine(text));
    });
  }
  return last;
}

function parseLine(text: string): LogLine {
  try {
    const line: unknown = JSON.parse(text);
    if (line !== null && typeof line === "object") return line as LogLine;
  } catch {
    // The line is not JSON, but a text for people, such as a stack trace. It is returned unchanged below.
  }
  return { level: "info", text };
}
