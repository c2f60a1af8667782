import type { Running } from "./process.ts";

/**
 * A process that is kept running: if the process ends unexpectedly, it is started again after a pause. The pause
 * doubles, up to `MAX_WAIT_MS`, each time the process ends within `WELL_MS` of its start.
 */
export interface Supervised {
  readonly running: Running;
  stop(graceMs: number): Promise<void>;
}

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
/** If the process ran for more than this many ms before it ended, it is started again after only `FIRST_WAIT_MS`. */
const WELL_MS = 30_000;

/**
 * Starts a process and keeps it running.
 * @param ending aborted when `npm start` is to end. From then on, the process is not started again. A process may end
 * before `stop` is called, because Ctrl-C reaches all processes at once.
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
