/** Callers that wait for something, in the order in which they came. */
export interface Turns {
  readonly waiting: number;
  /** Resolves when it is this caller's turn, and on abort. A caller checks the signal, and what it waits for, after it. */
  wait(signal: AbortSignal): Promise<void>;
  next(): void;
  all(): void;
}

export function createTurns(): Turns {
  const queue: Array<() => void> = [];
  return {
    get waiting() {
      return queue.length;
    },
    wait: (signal) =>
      new Promise((resolve) => {
        const go = (): void => {
          signal.removeEventListener("abort", go);
          const index = queue.indexOf(go);
          if (index >= 0) queue.splice(index, 1);
          resolve();
        };
        queue.push(go);
        signal.addEventListener("abort", go, { once: true });
      }),
    next: () => queue[0]?.(),
    all() {
      for (const go of queue.slice()) go();
    },
  };
}
