import { refuse } from "@docrelay/protocol";

/** Lets a few do something at a time; the others wait in line, and not for ever. */
export interface Slots {
  /** @throws Refusal `BUSY` when the line is too long or the wait was; otherwise what `work` throws. */
  run<T>(work: () => Promise<T>): Promise<T>;
  readonly waiting: number;
}

export function createSlots(of: { atOnce: number; line: number; waitMs: number }): Slots {
  const line = new Set<() => void>();
  let running = 0;

  const turn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      if (running < of.atOnce) {
        running++;
        return resolve();
      }
      if (line.size >= of.line) return reject(refuse("BUSY", { retryAfterMs: 1000 }));
      const go = (): void => {
        clearTimeout(timer);
        line.delete(go);
        resolve();
      };
      const timer = setTimeout(() => {
        line.delete(go);
        reject(refuse("BUSY", { retryAfterMs: 1000 }));
      }, of.waitMs);
      line.add(go);
    });

  return {
    get waiting() {
      return line.size;
    },
    async run(work) {
      await turn();
      try {
        return await work();
      } finally {
        const [next] = line;
        if (next) next();
        else running--;
      }
    },
  };
}
