import { fork, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { execPath } from "node:process";
import { ReadableStream, type ReadableStreamDefaultController } from "node:stream/web";
import { isLastReport, STOP, type Job, type Report } from "../child/messages.ts";
import type { EngineName } from "../engines/page-engine.ts";
import type { CoreWatch, WatchedProcess } from "./core-watch.ts";
import { strictestWrapper } from "./isolation.ts";
import { cpuMs, leaveCoresToOthers, lowerPriority, residentBytes } from "./process-info.ts";

/** A process that does jobs, one at a time, and reports on each. */
export interface Child<J = Job, R = Report> extends WatchedProcess {
  /** Resolves when the child can do a job; rejects if the child ends before that. */
  readonly ready: Promise<void>;
  /** Whether the child runs; false once it was killed or has ended. */
  readonly alive: boolean;
  readonly pid: number | undefined;
  /**
   * Sends a job as soon as the child is ready. Yields the job's reports in order, up to the last one. The child is
   * killed on abort, when the caller stops reading early, and when the child sends a report while it has no job. So a
   * report of one job can never be taken for one of the next.
   * @throws the signal's reason; ChildEnded when the child ends before its job does; Error when the child has a job
   * already.
   */
  run(job: J, signal: AbortSignal): AsyncIterable<R>;
  /** Asks the child to end its current job early: after the page that it reads now, as if that were the last page. */
  stop(): void;
  /** The child's resident memory in bytes; 0 when unknown. */
  memory(): number;
  kill(): void;
}

/** A child has ended: by itself with an exit code, or by a signal (code null). */
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
 * The folder of this package. The child may read it: it has the child's program (unless built into one file) and the
 * links to its libraries.
 */
const PACKAGE = join(import.meta.dirname, "../..");
const PDF_PARSE = resolved("pdf-parse");
/**
 * Files in the libraries that the child loads. They are looked up only once, when this module is loaded: later, the
 * process may have no descriptor left to open a file, and then only the start of a child should fail.
 */
const LIBRARIES = [
  resolved("@embedpdf/pdfium"),
  PDF_PARSE,
  createRequire(PDF_PARSE).resolve("pdfjs-dist/package.json"),
];
const OLD_SPACE_MIB = 512;
const WASM_PAGES = (512 * 1024 * 1024) / 65_536;

/** Starts a child that reads PDFs. The child loads `engine` before its first job. */
export function startChild(engine: EngineName, coreWatch: CoreWatch, entry = ENTRY): Child {
  return startProgram({ entry, argument: engine, reads: LIBRARIES, isLast: isLastReport }, coreWatch);
}

export function resolved(name: string): string {
  return createRequire(import.meta.url).resolve(name);
}

export interface Program<R> {
  readonly entry: string;
  readonly argument: string;
  /**
   * Files in the packages that the child loads. The child may read the `node_modules` folders around these files
   * (`packagesAround`).
   */
  readonly reads: readonly string[];
  /** Whether this report is the last one of a job. */
  isLast(report: R): boolean;
}

/**
 * Starts a child without an environment, other processes or threads; where the system permits it, the child also has
 * another user and no network (isolation.ts). The child may read only its program, this package and the packages of
 * `reads`. V8's heap and WASM memory have limits of their own. V8's limit covers neither array buffers nor WASM, so
 * resident memory is also watched from outside (run-job.ts). The child starts with the priority of this process, unless
 * many children were started lately, and gets a lower priority before it is ready.
 */
export function startProgram<J, R extends { readonly type: string }>(
  { entry, argument, reads, isLast }: Program<R>,
  coreWatch: CoreWatch,
): Child<J, R> {
  const readable = new Set([PACKAGE, entry, ...reads.map(packagesAround)]);
  const wrapper = strictestWrapper(coreWatch, [execPath, entry, ...readable]) ?? [];
  const [first = execPath, ...more] = [...wrapper, execPath];
  const forked = fork(entry, [argument], {
    execPath: first,
    env: {},
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: [
      ...more,
      `--max-old-space-size=${OLD_SPACE_MIB}`,
      `--wasm-max-mem-pages=${WASM_PAGES}`,
      // As many children run as there are cores, so a helper thread of one child would only take time from another
      // child.
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
 * The innermost `node_modules` folder around a package's file. With pnpm it has the package and those that the package
 * imports; with npm, all packages.
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
  /**
   * Lowers the child's priority, and then lets the child take jobs. Before this call the child has run only its own
   * program, and has read no file.
   */
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
    // A child that sends a report without a job, or a second `ready`, is no longer under control.
    if (!slot.job || report.type === "ready") return kill();
    slot.job.reports.enqueue(report);
    if (isLast(report)) endJob(slot)?.close();
  });
  function end(code: number | null): void {
    alive = false;
    ready.reject(new ChildEnded(code));
    endJob(slot)?.error(new ChildEnded(code));
  }
  forked.on("error", () => forked.pid ?? end(1)); // a child that could not be started emits "error" but no "exit"
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
          () => undefined, // the child ended before it was ready, which has ended the job already
        );
      return beginJob(slot, { send, kill }, signal);
    },
    stop: () => void forked.send(STOP, () => undefined), // an error here means that the child has ended
    memory: () => residentBytes(forked.pid),
    cpuMs: () => cpuMs(forked.pid),
    kill,
  };
}

/** Holds the current job of a child; undefined while the child has none. */
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

/** Empties the slot: from now on the child has no job. */
function endJob<R>(slot: JobSlot<R>): ReadableStreamDefaultController<R> | undefined {
  const { job } = slot;
  slot.job = undefined;
  job?.release();
  return job?.reports;
}
