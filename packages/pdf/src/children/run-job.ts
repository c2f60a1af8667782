import { ChildEnded, type Child } from "./child-process.ts";
import type { CoreWatch } from "./core-watch.ts";

const WATCH_MS = 50;
/**
 * If a check comes this many ms late, this process was suspended, and the child's messages of this time were not read
 * yet. So this check does not ask whether the time is used up.
 */
const SUSPENDED_MS = 1000;

/**
 * Why a job was ended before its last report. `time`: its processor time is used up. `busy`: its wall-clock time is
 * used up, because the cores were too busy. `memory`: the child used too much. `crash`: the child ended by itself.
 * `starved`: the child got almost no processor time.
 */
export type Interruption = "time" | "busy" | "memory" | "crash" | "starved";

export interface Watch {
  /** When this signal is aborted, the child is killed, and `runJob` throws the signal's reason. */
  readonly signal: AbortSignal;
  /** The most bytes of resident memory that the child may use. */
  readonly memoryBytes: number;
  readonly coreWatch: CoreWatch;
  /**
   * Returns which time is used up; undefined if none is. Called 20 times a second. After a suspension of this process,
   * one call is left out, so that the child's messages are read first.
   */
  overdue(): "time" | "busy" | undefined;
}

/**
 * Runs one job in a child, and kills the child if it exceeds a limit of `watch`. Yields the child's reports in order.
 * If the job ends before its last report, the last yielded value is the reason (`Interruption`).
 * @throws the signal's reason, if `signal` is aborted.
 */
export async function* runJob<J, R extends { readonly type: string }>(
  child: Child<J, R>,
  job: J,
  watch: Watch,
): AsyncGenerator<R | Interruption> {
  const { signal } = watch;
  const interrupt = new AbortController();
  const endWatch = watchChild(child, watch, (why) => interrupt.abort(why));
  try {
    yield* child.run(job, AbortSignal.any([signal, interrupt.signal]));
  } catch (error) {
    signal.throwIfAborted();
    if (interrupt.signal.aborted) yield interrupt.signal.reason as Interruption;
    else if (error instanceof ChildEnded) yield interruptionOf(error);
    else throw error;
  } finally {
    endWatch();
  }
}

function watchChild(
  child: Pick<Child, "idleOnly" | "cpuMs" | "memory">,
  { memoryBytes, coreWatch, overdue }: Watch,
  interrupt: (why: Interruption) => void,
): () => void {
  let lookedAt = performance.now();
  let suspended = false;
  const interval = setInterval(() => {
    const now = performance.now();
    // Only one late check in a row counts as a suspension. Otherwise, on an event loop that is always late, no job
    // would ever be found overdue.
    suspended = now - lookedAt > SUSPENDED_MS && !suspended;
    lookedAt = now;
    const late = suspended ? undefined : overdue();
    if (late) interrupt(late);
    else if (child.memory() > memoryBytes) interrupt("memory");
  }, WATCH_MS);
  const endCoreWatch = coreWatch.watch(child, () => interrupt("starved"));
  return () => {
    clearInterval(interval);
    endCoreWatch();
  };
}

/**
 * The reason why a child has ended by itself. Code 134: V8 has aborted, in practice because its heap was full. Code
 * null: a signal has ended the child, in practice because the system's memory was full.
 */
function interruptionOf({ code }: ChildEnded): Interruption {
  return code === 134 || code === null ? "memory" : "crash";
}
