import { fork, spawnSync, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { STOP, type Job, type Report } from "../child/messages.ts";
import type { EngineName } from "../engines/page-engine.ts";
import { coresAreFull } from "./starving.ts";

/** A process that takes jobs, one at a time, and reports on each. */
export interface Child<J = Job, R = Report> {
  /** Resolves when it can take a job; rejects when it died before. */
  readonly ready: Promise<void>;
  readonly alive: boolean;
  readonly pid: number | undefined;
  /** It waits for a core that nobody else wants; else it has a small share of one. */
  readonly patient: boolean;
  send(job: J): void;
  /** Enough of the job at hand, if there is one: it ends after its page, as if that were the last. */
  stop(): void;
  onReport: ((report: R) => void) | undefined;
  /** It ended: killed, or by itself with a code. */
  onEnd: ((code: number | null) => void) | undefined;
  /** Resident memory in bytes; 0 when it cannot be told. */
  memory(): number;
  /** How long it has had a core so far, in ms, to a hundredth of a second; NaN when it cannot be told. */
  ranMs(): number;
  kill(): void;
}

const ENTRY = join(import.meta.dirname, "../child/child.ts");
const OLD_SPACE_MIB = 512;
const WASM_PAGES = (512 * 1024 * 1024) / 65_536;

/** Programs of util-linux that start what follows as something else. */
type Wrapper = readonly [file: string, ...args: string[]];
/**
 * Killed when its parent dies: a child in an endless loop hears nothing of that, and without a parent nobody watches its
 * time or its memory.
 */
const MORTAL: Wrapper = ["/usr/bin/setpriv", "--pdeathsig", "KILL"];
/**
 * Run when nobody else wants to. The lowest nice value alone is not that: who wakes up still waits for such a process's
 * turn of some milliseconds to end, once at every hop of a message.
 */
const PATIENT: Wrapper = ["/usr/bin/chrt", "--idle", "0"];
const TRY_MS = 5000;
const tried = new Map<Wrapper, boolean>();

/** Whether a wrapper is there and can do it; tried once. */
function works(wrapper: Wrapper): boolean {
  const [file, ...args] = wrapper;
  const known = tried.get(wrapper);
  if (known !== undefined) return known;
  const { status } = spawnSync(file, [...args, "true"], { stdio: "ignore", timeout: TRY_MS });
  tried.set(wrapper, status === 0);
  return status === 0;
}

/** A child that reads PDFs, with one engine warmed up. */
export function startChild(engine: EngineName, entry = ENTRY): Child {
  const pdfParse = createRequire(import.meta.url).resolve("pdf-parse");
  const pdfjs = createRequire(pdfParse).resolve("pdfjs-dist/package.json");
  return startProgram(entry, { argument: engine, reads: [resolved("@embedpdf/pdfium"), pdfParse, pdfjs] });
}

export function resolved(name: string): string {
  return createRequire(import.meta.url).resolve(name);
}

/**
 * Starts a child: no environment, V8 heap and WASM memory bounded (V8's heap limit bounds neither array buffers nor
 * WASM: that is what the watch over its resident memory is for), no files but its program and the packages that `reads`
 * names a file of, no processes, no threads.
 */
export function startProgram<J, R extends { readonly type: string }>(
  entry: string,
  { argument, reads }: { argument: string; reads: readonly string[] },
): Child<J, R> {
  const folders = new Set([join(import.meta.dirname, "../.."), ...reads.map(packagesAround)]);
  const patient = !coresAreFull();
  const wrappers = [MORTAL, ...(patient ? [PATIENT] : [])].filter(works);
  const [first = execPath, ...more] = [...wrappers.flat(), execPath];
  const process = fork(entry, [argument], {
    execPath: first,
    env: {},
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: [
      ...more,
      `--max-old-space-size=${OLD_SPACE_MIB}`,
      `--wasm-max-mem-pages=${WASM_PAGES}`,
      // There are as many children as cores: helping threads would only take turns with another child.
      "--single-threaded-gc",
      "--no-warnings",
      "--permission",
      ...[...folders].map((folder) => `--allow-fs-read=${folder}`),
    ],
  });
  lower(process.pid, patient);
  return wrap(process, patient);
}

/** Gives a process a lower priority, where that is allowed: to a patient one the lowest. */
export function lower(pid: number | undefined, patient: boolean): void {
  const { PRIORITY_LOW, PRIORITY_BELOW_NORMAL } = constants.priority;
  try {
    if (pid !== undefined) setPriority(pid, patient ? PRIORITY_LOW : PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or it then competes as an equal.
  }
}

/** pnpm and npm lay packages out differently: the folder that a package's own imports are found in, and its own. */
function packagesAround(file: string): string {
  return file.slice(0, file.lastIndexOf("node_modules") + "node_modules".length);
}

function wrap<J, R extends { readonly type: string }>(process: ChildProcess, patient: boolean): Child<J, R> {
  let alive = true;
  let settle: { ready(): void; died(error: Error): void } | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    settle = { ready: resolve, died: reject };
  });
  ready.catch(() => undefined);
  const child: Child<J, R> = {
    ready,
    get alive() {
      return alive;
    },
    pid: process.pid,
    patient,
    send: (job) => void process.send(job as object, (error) => error && process.kill("SIGKILL")),
    stop: () => void process.send(STOP, () => undefined), // one that cannot be told is at its end
    onReport: undefined,
    onEnd: undefined,
    memory: () => residentBytes(process.pid),
    ranMs: () => processorMs(process.pid),
    kill: () => void process.kill("SIGKILL"),
  };
  process.on("message", (report: R) => {
    if (report.type === "ready") settle?.ready();
    else if (child.onReport) child.onReport(report);
    // Nobody has given it a job: it is not what it should be.
    else process.kill("SIGKILL");
  });
  process.on("error", () => undefined); // its end follows
  process.once("exit", (code) => {
    alive = false;
    settle?.died(new Error(`the child ended with ${code}`));
    child.onEnd?.(code);
  });
  return child;
}

const PAGE_BYTES = 4096;

function residentBytes(pid: number | undefined): number {
  try {
    const [, resident] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return Number(resident) * PAGE_BYTES;
  } catch {
    return 0; // it has just ended, or this is no Linux: then the limits inside of the child are what bounds it
  }
}

const TICK_MS = 10;

function processorMs(pid: number | undefined): number {
  try {
    // Fields 14 and 15; what is before the third may hold anything, in brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}
