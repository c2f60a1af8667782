/** The resources of a process, in the order in which it acquired them. Each has a step that releases it. */
export interface Lifecycle extends AsyncDisposable {
  /**
   * Adds the step that releases a resource. Steps run in reverse order. A step that is added after the closing has
   * begun runs next.
   */
  add(name: string, close: () => unknown): void;
  /**
   * Runs every step once, even if one throws or hangs. Resolves with the problems. Further calls return the same
   * promise.
   */
  close(): Promise<CloseProblem[]>;
}
export interface CloseProblem {
  readonly step: string;
  readonly error: unknown;
}

/**
 * @param deadlineMs after this many ms, a step that has not ended is reported as a problem, and the next one begins.
 */
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

/**
 * Waits for `work`, but at most `ms` milliseconds. @throws DeadlineError when they have passed; `work` itself
 * continues.
 */
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
