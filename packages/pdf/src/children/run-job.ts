import type { Job, Report } from "../child/messages.ts";
import type { Child } from "./child-process.ts";
import { watchStarving } from "./starving.ts";

const WATCH_MS = 50;
/** A watch that comes so much later than it should has stood still itself, and so has not heard its child. */
const STOOD_MS = 1000;

/** Why a job ended without its child's saying so. `starved`: the child had next to no time on a core. */
export type Interruption = "time" | "memory" | "crash" | "starved";

export interface Watch {
  /** Aborting makes it throw the signal's reason; the child then still works, and is to be killed. */
  readonly signal: AbortSignal;
  /** Resident memory of the child. */
  readonly memoryBytes: number;
  /** Asked 20 times a second; not at once after this process has stood still, but when it has heard its child. */
  isLate(now: number): boolean;
  /** Takes what the child reports, or why there will be no more; answers whether that was the last. */
  take(what: Report | Interruption): boolean;
}

/**
 * One job in one child: what it reports, what the clock says, what it takes of memory, and whether it lives. Answers
 * whether the child is fit for the next job: only when it said itself that this one is over. Of one that was left in the
 * middle more would come, and be taken for the next file's: somebody else's text.
 */
export function runJob(child: Child, job: Job, { signal, memoryBytes, isLate, take }: Watch): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let settled = false;
    const step = (what: Report | Interruption): void => {
      if (!settled && take(what)) settle(() => resolve(isOver(what)));
    };
    let looked = performance.now();
    let stood = false;
    const watch = setInterval(() => {
      const now = performance.now();
      // Not twice in a row: on a loop that is always late nothing would ever be.
      stood = now - looked > STOOD_MS && !stood;
      looked = now;
      if (!stood && isLate(now)) step("time");
      else if (child.memory() > memoryBytes) step("memory");
    }, WATCH_MS);
    const full = watchStarving(child, () => step("starved"));
    const abort = (): void => settle(() => reject(signal.reason as Error));
    function settle(act: () => void): void {
      settled = true;
      full();
      clearInterval(watch);
      signal.removeEventListener("abort", abort);
      child.onReport = undefined;
      child.onEnd = undefined;
      act();
    }
    child.onReport = step;
    child.onEnd = (code) => step(endOf(code));
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) return abort();
    child.send(job);
  });
}

function isOver(what: Report | Interruption): boolean {
  return typeof what !== "string" && (what.type === "done" || what.type === "failed");
}

/** V8 aborts when its heap is full; that is the only thing we know to abort here. */
function endOf(code: number | null): Interruption {
  return code === 134 || code === null ? "memory" : "crash";
}
