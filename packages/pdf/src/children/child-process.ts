import { fork, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { execPath } from "node:process";
import { ReadableStream, type ReadableStreamDefaultController } from "node:stream/web";
import { isLastReport, type Job, type Report, type Stop } from "../child/messages.ts";
import type { EngineName } from "../engines/page-engine.ts";
import type { CoreWatch, WatchedProcess } from "./core-watch.ts";
import { strictestWrapper } from "./isolation.ts";
import { cpuMs, leaveCoresToOthers, lowerPriority, residentBytes } from "./process-info.ts";

/**
 * A child process that does jobs, one at a time, and reports on each of them. `J`: the messages that start a job. `R`:
 * the reports.
 */
export interface Child<J = Job, R = Report> extends WatchedProcess {
  /** Resolves when the child can do a job; rejects if the child ends before that. */
  readonly ready: Promise<void>;
  /** Whether the child runs: neither killed nor ended. */
  readonly alive: boolean;
  readonly pid: number | undefined;
  /**
   * Sends a job once the child is ready. Yields the reports on this job, in order. The child is killed if `signal` is
   * aborted, or if the caller stops reading before the last report. It is also killed if it sends a report while it has
   * no job, so that such a report never counts as one on a later job.
   * @throws the signal's reason; ChildEnded when the child ends before the job; Error when the child already has a job.
   */
  run(job: J, signal: AbortSignal): AsyncIterable<R>;
  /**
   * Asks the child to end its job, as if no pages were left, before the first page whose number is at least `before`;
   * by default after the current page.
   */
  stop(before?: number): void;
  /** The child's resident memory in bytes; 0 when unknown. */
  memory(): number;
  kill(): void;
}

/** Thrown when a child has ended. `code`: its exit code, or null if a signal has ended it. */
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
 * The folder of this package. It has the child's program, unless that is built into one file, and the links to the
 * libraries.
 */
const PACKAGE = join(import.meta.dirname, "../..");
const PDF_PARSE = resolved("pdf-parse");
/**
 * A file of each library that the child loads. The paths are looked up when this module is loaded: later, this process
 * may have no free file descriptor for that.
 */
const LIBRARIES = [
  resolved("@embedpdf/pdfium"),
  PDF_PARSE,
  createRequire(PDF_PARSE).resolve("pdfjs-dist/package.json"),
];
const OLD_SPACE_MIB = 512;
const WASM_PAGES = (512 * 1024 * 1024) / 65_536;

/**
 * Starts a child that reads PDFs. The child loads `engine` before its first job. `inBackground`: see {@link Program}.
 */
export function startChild(
  engine: EngineName,
  coreWatch: CoreWatch,
  {
    entry = ENTRY,
    inBackground = false,
  }: { readonly entry?: string | undefined; readonly inBackground?: boolean } = {},
): Child {
  const program = { entry, argument: engine, reads: LIBRARIES, isLast: isLastReport, inBackground };
  return startProgram(program, coreWatch);
}

export function resolved(name: string): string {
  return createRequire(import.meta.url).resolve(name);
}

export interface Program<R> {
  readonly entry: string;
  readonly argument: string;
  /**
   * Files of packages that the child loads. The child may read all of the `node_modules` folder around each of these
   * files.
   */
  readonly reads: readonly string[];
  isLast(report: R): boolean;
  /** Whether even the start of the child uses only idle cores, because no file waits for the child. Default: false. */
  readonly inBackground?: boolean;
}

/**
 * Starts a child process with few rights. It has no environment variables, and may start neither processes nor threads.
 * It may read only its program, this package, and the packages of `reads`. Where the system permits it, the child also
 * has another user and no network (isolation.ts).
 *
 * V8's heap and WASM memory have limits of their own, which do not cover all memory (not array buffers, for example).
 * So run-job.ts watches the resident memory. The child starts with the priority of this process, unless it starts in
 * the background or many children were started lately, and gets a lower priority before it takes a job.
 */
export function startProgram<J, R extends { readonly type: string }>(
  { entry, argument, reads, isLast, inBackground = false }: Program<R>,
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
      // There are as many children as cores, so a helper thread for garbage collection would only take time from
      // another child.
      "--single-threaded-gc",
      "--no-warnings",
      "--permission",
      "--no-experimental-sqlite", // Node's permission model does not cover sqlite
      ...[...readable].map((path) => `--allow-fs-read=${path}`),
    ],
  });
  if (inBackground) {
    lowerPriority(forked.pid, true);
    void leaveCoresToOthers(forked.pid);
  } else if (forked.pid !== undefined && !coreWatch.takeQuickStart()) lowerPriority(forked.pid, false);
  return childOf(forked, { coreWatch, isLast, inBackground });
}

/**
 * The innermost `node_modules` folder around a file. pnpm puts into this folder the package of the file and the
 * packages that this package imports; npm puts all packages into it.
 */
function packagesAround(file: string): string {
  return file.slice(0, file.lastIndexOf("node_modules") + "node_modules".length);
}

function childOf<J, R extends { readonly type: string }>(
  forked: ChildProcess,
  {
    coreWatch,
    isLast,
    inBackground,
  }: Pick<Program<R>, "isLast"> & { readonly coreWatch: CoreWatch; readonly inBackground: boolean },
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
    // A child that started in the background stays on idle cores, because its priority cannot be raised any more. Any
    // other child is confined to idle cores unless the cores are full.
    idleOnly = inBackground || !coreWatch.coresAreFull();
    lowerPriority(forked.pid, idleOnly);
    if (idleOnly) await leaveCoresToOthers(forked.pid);
    ready.resolve();
  }
  forked.on("message", (report: R) => {
    if (!alive) return; // reports of a killed child no longer count
    if (report.type === "ready" && !isReady) {
      isReady = true;
      return void becomeReady();
    }
    // Only a child over which a malicious file has gained control sends a report while it has no job, or `ready` again.
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
          () => undefined, // nothing to do: the child has ended, which has ended the job, too
        );
      return beginJob(slot, { send, kill }, signal);
    },
    stop: (before = 0) =>
      // If the message cannot be sent, the child has ended, so there is nothing to stop.
      void forked.send({ type: "stop", before } satisfies Stop, () => undefined),
    memory: () => residentBytes(forked.pid),
    cpuMs: () => cpuMs(forked.pid),
    kill,
  };
}

/** The job that a child does now; undefined if it has none. */
interface JobSlot<R> {
  job: { readonly reports: ReadableStreamDefaultController<R>; release(): void } | undefined;
}

/**
 * Begins a job. Returns the stream of its reports. The child is killed if `signal` is aborted or the stream is
 * cancelled.
 */
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

/** Takes the job out of the slot. Returns the controller of its stream; undefined if there was no job. */
function endJob<R>(slot: JobSlot<R>): ReadableStreamDefaultController<R> | undefined {
  const { job } = slot;
  slot.job = undefined;
  job?.release();
  return job?.reports;
}
