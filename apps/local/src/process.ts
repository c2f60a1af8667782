import { isReadyMessage, type ReadyMessage } from "@docrelay/platform";
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = join(import.meta.dirname, "../../..");
/** The entry files of the processes: TypeScript sources, or the built programs if this launcher is itself built. */
export const ENTRIES = {
  edge: join(import.meta.dirname, "../../edge/src/main.ts"),
  worker: join(import.meta.dirname, "../../worker/src/main.ts"),
} as const;

/** A line of a process's log. */
export interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/** How a process ended: by an exit code or by a signal. Both are null if it could not be started. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One running process of docrelay. */
export interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  /**
   * Resolves when the process announces over its IPC channel that it serves. This does not depend on its log.
   * @throws Error with the last lines it printed, when it ends before that or does not announce it within three
   * minutes.
   */
  readonly ready: Promise<ReadyMessage>;
  readonly exited: Promise<Exit>;
  /** Sends SIGTERM; sends SIGKILL if the process has not ended after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * How long a process may take to become ready. A process that cannot start ends by itself with a reason, so this bound
 * is for one that hangs: on a busy machine a start that normally takes a second has taken more than 30 s.
 */
export const READY_MS = 180_000;
const KEPT_LINES = 40;

/** Starts one of {@link ENTRIES} with Node and with only these variables. The process ends when this process ends. */
export function startProcess(
  name: string,
  entry: string,
  env: NodeJS.ProcessEnv,
  onLine: (line: LogLine) => void,
): Running {
  const stdio = ["ignore", "pipe", "pipe", "ipc"] as const;
  return watch(name, spawn(process.execPath, [entry], { env, cwd: ROOT, stdio: [...stdio] }), onLine);
}

/** Watches a process that was started with an IPC channel: its output lines, its readiness and its end. */
export function watch(name: string, child: ChildProcess, onLine: (line: LogLine) => void): Running {
  const last = readLines(child, onLine);
  const { promise: ready, resolve, reject } = Promise.withResolvers<ReadyMessage>();
  ready.catch(() => undefined); // nobody has to await `ready`: callers may wait for `exited` alone
  const fail = (why: string): void => reject(new Error([`${name} ${why}`, ...last].join("\n")));
  const timer = setTimeout(() => fail(`was not ready after ${READY_MS / 1000} s`), READY_MS);
  child.on("message", (message) => {
    if (!isReadyMessage(message)) return;
    clearTimeout(timer);
    resolve(message);
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
    // A child that could not be started emits only `error`. An `error` of a running child is of a signal that could not
    // be sent, and does not mean its end.
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
 * Passes every line of stdout and stderr to `onLine`. Returns an array that changes as lines arrive: at any time it holds
 * the newest lines, at most {@link KEPT_LINES}.
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
    // The line is not JSON, but a text for people, such as a stack trace.
  }
  return { level: "info", text };
}
