import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = join(import.meta.dirname, "../../..");
/** The entry files of production: the same everywhere. */
export const ENTRIES = {
  edge: join(ROOT, "apps/edge/src/main.ts"),
  worker: join(ROOT, "apps/worker/src/main.ts"),
  engine: join(ROOT, "apps/demo-engine/src/main.ts"),
} as const;

/** A line of a process's log. */
export interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly port?: number;
  readonly [field: string]: unknown;
}

/** One running process of docrelay. */
export interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  /** The line that says that it serves. @throws Error with what it printed when it exits before, or after 30 s. */
  readonly ready: Promise<LogLine>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM, and SIGKILL when it has not ended after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

const READY_MS = 30_000;
const KEPT_LINES = 40;

/** Starts one of {@link ENTRIES} with Node and exactly these variables. */
export function startProcess(
  name: string,
  entry: string,
  env: NodeJS.ProcessEnv,
  onLine: (line: LogLine) => void,
): Running {
  return watch(name, spawn(process.execPath, [entry], { env, cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] }), onLine);
}

/** Watches a process that was started already: its lines, its readiness, its end. */
export function watch(name: string, child: ChildProcess, onLine: (line: LogLine) => void): Running {
  const last: string[] = [];
  let settle: { ready(line: LogLine): void; failed(error: Error): void } | undefined;
  const ready = new Promise<LogLine>((resolve, reject) => {
    settle = { ready: resolve, failed: reject };
  });
  ready.catch(() => undefined); // whoever waits for it hears of it
  const fail = (why: string): void => settle?.failed(new Error([`${name} ${why}`, ...last].join("\n")));
  const timer = setTimeout(() => fail(`was not ready after ${READY_MS / 1000} s`), READY_MS);

  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (text) => {
      last.push(text);
      if (last.length > KEPT_LINES) last.shift();
      const line = parseLine(text);
      if (line.msg === "listening" || line.msg === "ready") {
        clearTimeout(timer);
        settle?.ready(line);
      }
      onLine(line);
    });
  }
  const exited = once(child, "close").then(([code, signal]) => {
    clearTimeout(timer);
    fail("ended before it was ready");
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
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

function parseLine(text: string): LogLine {
  try {
    const line: unknown = JSON.parse(text);
    if (line !== null && typeof line === "object") return line as LogLine;
  } catch {
    // plain words, for people
  }
  return { level: "info", text };
}
