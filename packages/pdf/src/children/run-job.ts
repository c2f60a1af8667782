import { ChildEnded, type Child } from "./child-process.ts";
import type { CoreWatch } from "./core-watch.ts";

const WATCH_MS = 50;
/** An interval that fires this much later than it should: this process was suspended, and has not read its messages. */
const SUSPENDED_MS = 1000;

/**
 * Why a job ended without its child's saying so. `time`: its processor time is used up. `busy`: so is the time of the clock,
 * and the child had no core for long enough. `starved`: the child had next to no time on a core.
 */
export type Interruption = "time" | "busy" | "memory" | "crash" | "starved";

export interface Watch {
  /** Aborting kills the child and makes the job throw the signal's reason. */
  readonly signal: AbortSignal;
  /** Resident memory of the child. */
  readonly memoryBytes: number;
  readonly coreWatch: CoreWatch;
  /** Called 20 times a second; after this process was suspended only when it has read what the child sent meanwhile. */
  overdue(): "time" | "busy" | undefined;
}

/**
 * Runs one job in one child, within its time and memory. Yields the child's reports in order; when the job is
 * interrupted, the last value says why, and the child is killed.
 * @throws the signal's reason.
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
    // Not twice in a row: in a process whose event loop is always late, no job would ever be.
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

/** V8 aborts with 134 when its heap is full, which is the only known cause here; null: the system has killed it. */
function interruptionOf({ code }: ChildEnded): Interruption {
  return code === 134 || code === null ? "memory" : "crash";
}
