export interface Run {
  /** Whether the job runs in the extra place, which a process has in addition to its concurrency (`ExtraPlace`). */
  readonly isExtra: boolean;
  /** Whether the job was the only waiting job of its user and network when it was added. */
  readonly isOnly: boolean;
  readonly begunAt: number;
  /**
   * After how many ms the job counts as long. In a process with one place, this time doubles each time the job goes
   * back to the end of the queue (`aside`).
   */
  readonly longMs: number;
  readonly controller: AbortController;
}

export interface Runs {
  add(run: Run): void;
  remove(run: Run): void;
  readonly size: number;
  /** How many jobs run in the `concurrency` places of the process, without the extra place. */
  readonly regular: number;
  /** Returns the running jobs, without those whose signal was aborted to make room for other jobs. */
  left(): Run[];
  idle(): Promise<void>;
}

export function createRuns(): Runs {
  const all = new Set<Run>();
  const onIdle = new Set<() => void>();
  return {
    add(run) {
      all.add(run);
    },
    remove(run) {
      all.delete(run);
      if (all.size === 0) for (const resolve of onIdle) resolve();
    },
    get size() {
      return all.size;
    },
    get regular() {
      return [...all].filter(({ isExtra }) => !isExtra).length;
    },
    left: () => [...all].filter(({ controller }) => !controller.signal.aborted),
    async idle() {
      if (all.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      onIdle.add(resolve);
      await promise;
      onIdle.delete(resolve);
    },
  };
}
