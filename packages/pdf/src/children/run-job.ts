import { ChildEnded, type Child } from "./child-process.ts";
import type { CoreWatch } from "./core-watch.ts";

const WATCH_MS = 50;
/**
 * If the timer of the checks fires this many ms late, this process was suspended, and has not yet read the messages of
 * its child.
 */
const SUSPENDED_MS = 1000;

/**
 * Why a job ended without a last report. `time`: the processor time is used up. `busy`: the wall-clock time is used up,
 * because the child had no core for too long. `starved`: the child got almost no CPU time.
 */
export type Interruption = "time" | "busy" | "memory" | "crash" | "starved";

export interface Watch {
  /** If this signal is aborted, the child is killed, and the job throws the signal's reason. */
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
 * Runs one job in one child, within its time and memory. Yields the child's reports in order. If the job is
 * interrupted, the last value is the reason, and the child is killed.
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
    // After a timer that counted as a suspension, the next late timer does not count as one: otherwise no job would
    // ever be found overdue on an event loop that is always late.
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
 * The reason why a child ended by itself. Code 134: V8 has aborted, of which the only known cause here is a full heap.
 * Code null: the system killed the process, which it does when memory runs out.
 */
function interruptionOf({ code }: ChildEnded): Interruption {
  return code === 134 || code === null ? "memory" : "crash";
}
