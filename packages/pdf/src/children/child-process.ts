import { fork, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { execPath } from "node:process";
import { ReadableStream, type ReadableStreamDefaultController } from "node:stream/web";
import { isLastReport, STOP, type Job, type Report } from "../child/messages.ts";
import type { EngineName } from "../engines/page-engine.ts";
import type { CoreWatch, WatchedProcess, Wrapper } from "./core-watch.ts";
import { cpuMs, leaveCoresToOthers, lowerPriority, residentBytes } from "./process-info.ts";

/** A process that does jobs, one at a time, and reports on each. */
export interface Child<J = Job, R = Report> extends WatchedProcess {
  /** Resolves when the child can do a job; rejects when the child ends before. */
  readonly ready: Promise<void>;
  /** False once the child was killed or has ended. */
  readonly alive: boolean;
  readonly pid: number | undefined;
  /**
   * Sends a job as soon as the child is ready. Yields the job's reports in order, and ends with the last one. The child
   * is killed on abort, when the consumer stops reading early, and when it reports without having a job. So a report
   * can never be taken for one of the next job.
   * @throws the signal's reason; ChildEnded when the child ends before its job does; Error when the child has a job
   * already.
   */
  run(job: J, signal: AbortSignal): AsyncIterable<R>;
  /** Asks the child to end its job, if it has one, after the current page, as if that were the last page. */
  stop(): void;
  /** Resident memory in bytes; 0 when unknown. */
  memory(): number;
  kill(): void;
}

/** A child has ended by itself, with an exit code, or was killed (code null). */
export class ChildEnded extends Error {
  override readonly name = "ChildEnded";
  readonly code: number | null;
  constructor(code: number | null) {
    super(`the child ended with ${code}`);
    this.code = code;
  }
}

const ENTRY = join(import.meta.dirname, "../child/child.ts");
/**
 * This package, which the child may read: its program (when not built into one file) and the links to its libraries.
 */
const PACKAGE = join(import.meta.dirname, "../..");
const OLD_SPACE_MIB = 512;
const WASM_PAGES = (512 * 1024 * 1024) / 65_536;

/**
 * The wrapper that kills the child when its parent dies. A child in an endless loop does not notice that its channel
 * has closed, and without a parent its time and memory are not watched.
 */
const DIE_WITH_PARENT: Wrapper = ["/usr/bin/setpriv", "--pdeathsig", "KILL"];

/** Starts a child that reads PDFs, and loads one engine in advance. */
export function startChild(engine: EngineName, coreWatch: CoreWatch, entry = ENTRY): Child {
  const pdfParse = createRequire(import.meta.url).resolve("pdf-parse");
  const pdfjs = createRequire(pdfParse).resolve("pdfjs-dist/package.json");
  const reads = [resolved("@embedpdf/pdfium"), pdfParse, pdfjs];
  return startProgram({ entry, argument: engine, reads, isLast: isLastReport }, coreWatch);
}

export function resolved(name: string): string {
  return createRequire(import.meta.url).resolve(name);
}

export interface Program<R> {
  readonly entry: string;
  readonly argument: string;
  /** Files of packages: the child may read the folders of these packages. */
  readonly reads: readonly string[];
  /** Whether this report is the last one of a job. */
  isLast(report: R): boolean;
}

/**
 * Starts a child with no environment, no processes, no threads, and no files except its program, this package and the
 * packages of `reads`. V8's heap and WASM memory have limits, but V8's limit covers neither array buffers nor WASM. So
 * resident memory is also watched from outside (run-job.ts). The child starts with this process's priority, and gets
 * its own, lower priority before it is ready.
 */
export function startProgram<J, R extends { readonly type: string }>(
  { entry, argument, reads, isLast }: Program<R>,
  coreWatch: CoreWatch,
): Child<J, R> {
  const readable = new Set([PACKAGE, entry, ...reads.map(packagesAround)]);
  const [first, ...more] = coreWatch.supports(DIE_WITH_PARENT) ? [...DIE_WITH_PARENT, execPath] : [execPath];
  const forked = fork(entry, [argument], {
    execPath: first,
    env: {},
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: [
      ...more,
      `--max-old-space-size=${OLD_SPACE_MIB}`,
      `--wasm-max-mem-pages=${WASM_PAGES}`,
      // There is a child for each core, so helper threads would only compete with another child.
      "--single-threaded-gc",
      "--no-warnings",
      "--permission",
      "--no-experimental-sqlite", // the permission model does not cover sqlite
      ...[...readable].map((path) => `--allow-fs-read=${path}`),
    ],
  });
  if (forked.pid !== undefined && !coreWatch.takeQuickStart()) lowerPriority(forked.pid, false);
  return childOf(forked, { coreWatch, isLast });
}

/**
 * The `node_modules` folders around a package's file: the one in which its imports are found, and its own. pnpm and npm
 * lay packages out differently.
 */
function packagesAround(file: string): string {
  return file.slice(0, file.lastIndexOf("node_modules") + "node_modules".length);
}

function childOf<J, R extends { readonly type: string }>(
  forked: ChildProcess,
  { coreWatch, isLast }: Pick<Program<R>, "isLast"> & { coreWatch: CoreWatch },
): Child<J, R> {
  let alive = true;
  let idleOnly = false;
  let isReady = false;
  const slot: JobSlot<R> = { job: undefined };
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);

  function kill(): void {
    alive = false;
    forked.kill("SIGKILL");
  }
  /** Lowers the child's priority. Until now the child has run only its own program. */
  async function becomeReady(): Promise<void> {
    idleOnly = !coreWatch.coresAreFull();
    lowerPriority(forked.pid, idleOnly);
    if (idleOnly) await leaveCoresToOthers(forked.pid);
    ready.resolve();
  }
  forked.on("message", (report: R) => {
    if (!alive) return; // what a killed child has sent before its end does not count
    if (report.type === "ready" && !isReady) {
      isReady = true;
      return void becomeReady();
    }
    // A child that reports without a job, or reports `ready` twice, is out of control.
    if (!slot.job || report.type === "ready") return kill();
    slot.job.reports.enqueue(report);
    if (isLast(report)) endJob(slot)?.close();
  });
  function end(code: number | null): void {
    alive = false;
    ready.reject(new ChildEnded(code));
    endJob(slot)?.error(new ChildEnded(code));
  }
  forked.on("error", () => forked.pid ?? end(1)); // a child that could not be started emits no "exit"
  forked.once("exit", end);

  return {
    ready: ready.promise,
    get alive() {
      return alive;
    },
    pid: forked.pid,
    get idleOnly() {
      return idleOnly;
    },
    run(message, signal) {
      signal.throwIfAborted();
      if (!alive) throw new ChildEnded(forked.exitCode);
      if (slot.job) throw new Error("the child has a job already");
      const send = (): Promise<void> =>
        ready.promise.then(
          () => void forked.send(message as object, (error) => error && kill()),
          () => undefined, // the job and its stream have ended
        );
      return beginJob(slot, { send, kill }, signal);
    },
    stop: () => void forked.send(STOP, () => undefined), // fails only when the child has ended
    memory: () => residentBytes(forked.pid),
    cpuMs: () => cpuMs(forked.pid),
    kill,
  };
}

/** The current job of a child, if there is one. */
interface JobSlot<R> {
  job: { readonly reports: ReadableStreamDefaultController<R>; release(): void } | undefined;
}

/** Begins a job and returns its reports. The child is killed when `signal` is aborted or the reader stops early. */
function beginJob<R>(
  slot: JobSlot<R>,
  { send, kill }: { send(): Promise<void>; kill(): void },
  signal: AbortSignal,
): ReadableStream<R> {
  const abort = (): void => {
    endJob(slot)?.error(signal.reason);
    kill();
  };
  signal.addEventListener("abort", abort, { once: true });
  return new ReadableStream<R>({
    start(reports) {
      slot.job = { reports, release: () => signal.removeEventListener("abort", abort) };
      void send();
    },
    cancel() {
      endJob(slot);
      kill();
    },
  });
}

/** Ends the job: from here on the child has none. */
function endJob<R>(slot: JobSlot<R>): ReadableStreamDefaultController<R> | undefined {
  const { job } = slot;
  slot.job = undefined;
  job?.release();
  return job?.reports;
}
