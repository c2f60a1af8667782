/** The resources that a process holds, in the order in which it acquired them, each with the step that releases it. */
export interface Lifecycle extends AsyncDisposable {
  /** Adds a step; steps run in reverse order. A step that is added after the close has begun runs at once. */
  add(name: string, close: () => unknown): void;
  /**
   * Runs every step once, even if one throws or hangs; resolves to the problems. Further calls return the same promise.
   */
  close(): Promise<CloseProblem[]>;
}
export interface CloseProblem {
  readonly step: string;
  readonly error: unknown;
}

/** @param deadlineMs how long one step may take before the next one begins; a step that takes longer is reported. */
export function createLifecycle(deadlineMs: number): Lifecycle {
  const steps: Array<{ name: string; close: () => unknown }> = [];
  let closing: Promise<CloseProblem[]> | undefined;

  async function run(): Promise<CloseProblem[]> {
    const problems: CloseProblem[] = [];
    for (let step = steps.pop(); step; step = steps.pop()) {
      const { name, close } = step;
      try {
        await within(deadlineMs, async () => close());
      } catch (error) {
        problems.push({ step: name, error });
      }
    }
    return problems;
  }

  return {
    add(name, close) {
      steps.push({ name, close });
      if (closing) closing = closing.then(async (before) => [...before, ...(await run())]);
    },
    close: () => (closing ??= run()),
    async [Symbol.asyncDispose]() {
      await this.close();
    },
  };
}

/** Waits for work, at most `ms`. @throws DeadlineError; the work itself continues. */
export async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(ms)), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
  constructor(ms: number) {
    super(`not done within ${ms} ms`);
  }
}
