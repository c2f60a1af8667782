import type { Running } from "./process.ts";

/**
 * Keeps one process running: a process that ends unexpectedly is started again after a pause, which grows if the
 * process ends soon after each start.
 */
export interface Supervised {
  readonly running: Running;
  stop(graceMs: number): Promise<void>;
}

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
/** A process that ran for this many ms counts as healthy: if it ends, the pause is the shortest again. */
const WELL_MS = 30_000;

/**
 * Starts a process and keeps it running. @param ending aborted when everything is to end: from then on the process is
 * not started again. (Ctrl-C also reaches the process itself, perhaps before it reaches this launcher.)
 */
export function supervise(start: () => Running, say: (text: string) => void, ending: AbortSignal): Supervised {
  let running = start();
  let stopping = false;
  let waitMs = FIRST_WAIT_MS;
  let timer: NodeJS.Timeout | undefined;

  function follow(): void {
    const begun = performance.now();
    void running.exited.then(({ code, signal }) => {
      if (stopping || ending.aborted) return;
      waitMs = performance.now() - begun > WELL_MS ? FIRST_WAIT_MS : Math.min(waitMs * 2, MAX_WAIT_MS);
      say(`${running.name} ended (${signal ?? `exit ${code}`}) and is started again in ${waitMs / 1000} s`);
      timer = setTimeout(() => {
        running = start();
        follow();
      }, waitMs);
    });
  }
  follow();

  return {
    get running() {
      return running;
    },
    async stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      if (running.child.exitCode === null && running.child.signalCode === null) await running.stop(graceMs);
    },
  };
}
