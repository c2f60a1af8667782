/** One job that runs in this process. */
export interface Run {
  /** In the place that is opened beside the others. */
  readonly isExtra: boolean;
  /** Of a file that is the only one of its user and address. */
  readonly isOnly: boolean;
  readonly begunAt: number;
  /** A job that was put aside runs twice as long each time, where no other place is left for it. */
  readonly longMs: number;
  readonly controller: AbortController;
}

/** The jobs that run in this process. */
export interface Runs {
  add(run: Run): void;
  remove(run: Run): void;
  readonly size: number;
  /** All in regular places. */
  readonly regular: number;
  /** Those that were not told to end. */
  left(): Run[];
  /** Resolves when none runs. */
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
