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
  /** Resolves when it can do a job; rejects when it ended before. */
  readonly ready: Promise<void>;
  /** False once it was killed or has ended. */
  readonly alive: boolean;
  readonly pid: number | undefined;
  /**
   * Sends a job as soon as the child is ready; yields its reports in order and ends with its last one. A consumer that
   * leaves before, or an abort, kills the child: what it still reports must never be taken for the next job's. For the
   * same reason a report while there is no job kills it.
   * @throws the signal's reason; ChildEnded when the child ends before its job does; Error when it has a job already.
   */
  run(job: J, signal: AbortSignal): AsyncIterable<R>;
  /** Asks it to end its job, if it has one, after the page at hand, as if that were the last. */
  stop(): void;
  /** Resident memory in bytes; 0 when it is not known. */
  memory(): number;
  kill(): void;
}

/** A child has ended by itself, with an exit code, or was killed: null. */
export class ChildEnded extends Error {
  override readonly name = "ChildEnded";
  readonly code: number | null;
  constructor(code: number | null) {
    super(`the child ended with ${code}`);
    this.code = code;
  }
}

const ENTRY = join(import.meta.dirname, "../child/child.ts");
/** A child's program, when it is not built into one file, and the links to its libraries. */
const PACKAGE = join(import.meta.dirname, "../..");
const OLD_SPACE_MIB = 512;
const WASM_PAGES = (512 * 1024 * 1024) / 65_536;

/**
 * Kills the child when its parent dies: a child in an endless loop does not notice that its channel has closed, and
 * without a parent its time and memory are not watched.
 */
const DIE_WITH_PARENT: Wrapper = ["/usr/bin/setpriv", "--pdeathsig", "KILL"];

/** Starts a child that reads PDFs and loads one engine in advance. */
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
  /** The child may read the packages that these files belong to. */
  readonly reads: readonly string[];
  /** Whether a job ends with this report. */
  isLast(report: R): boolean;
}

/**
 * Starts a child with no environment, no processes, no threads, and no files but its program, this package and what `reads` names. V8's
 * heap and WASM memory are bounded; V8's limit covers neither array buffers nor WASM, so its resident memory is watched
 * from outside as well (run-job.ts). It starts with this process's priority and gets its own, lower one before it is ready.
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
      // There are as many children as cores: helping threads would only take turns with another child.
      "--single-threaded-gc",
      "--no-warnings",
      "--permission",
      "--no-experimental-sqlite", // the permission model does not know it
      ...[...readable].map((path) => `--allow-fs-read=${path}`),
    ],
  });
  if (forked.pid !== undefined && !coreWatch.takeQuickStart()) lowerPriority(forked.pid, false);
  return childOf(forked, { coreWatch, isLast });
}

/** pnpm and npm lay packages out differently: the folder that a package's own imports are found in, and its own. */
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
  /** So far it has run only its own program. */
  async function becomeReady(): Promise<void> {
    idleOnly = !coreWatch.coresAreFull();
    lowerPriority(forked.pid, idleOnly);
    if (idleOnly) await leaveCoresToOthers(forked.pid);
    ready.resolve();
  }
  forked.on("message", (report: R) => {
    if (report.type === "ready" && !isReady) {
      isReady = true;
      return void becomeReady();
    }
    // A child that reports without a job, or is ready again, is not under control.
    if (!slot.job || report.type === "ready") return kill();
    slot.job.reports.enqueue(report);
    if (isLast(report)) endJob(slot)?.close();
  });
  function end(code: number | null): void {
    alive = false;
    ready.reject(new ChildEnded(code));
    endJob(slot)?.error(new ChildEnded(code));
  }
  forked.on("error", () => forked.pid ?? end(1)); // of one that could not be started there is no "exit"
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
          () => undefined, // it has ended, and the stream with it
        );
      return beginJob(slot, { send, kill }, signal);
    },
    stop: () => void forked.send(STOP, () => undefined), // fails only when the child has ended
    memory: () => residentBytes(forked.pid),
    cpuMs: () => cpuMs(forked.pid),
    kill,
  };
}

/** The job of a child, if it has one. */
interface JobSlot<R> {
  job: { readonly reports: ReadableStreamDefaultController<R>; release(): void } | undefined;
}

/** The reports of a job. When `signal` is aborted or the reader leaves, the child is killed. */
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

/** From here on the child has no job. */
function endJob<R>(slot: JobSlot<R>): ReadableStreamDefaultController<R> | undefined {
  const { job } = slot;
  slot.job = undefined;
  job?.release();
  return job?.reports;
}
