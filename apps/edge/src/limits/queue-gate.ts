/** Whether all users' unfinished asks have reached the bound: counted once a second, plus the asks accepted since. */
export interface QueueGate extends Disposable {
  readonly full: boolean;
  /** Counts an accepted ask until the next count. */
  entered(): void;
}

const EVERY_MS = 1000;

/** @param count sums the unfinished asks; if it fails the last sum is kept, since accepting then fails as well. */
export function createQueueGate(options: { max: number; count: () => Promise<number>; everyMs?: number }): QueueGate {
  let counted = 0;
  let since = 0;
  let counting = false;
  const look = async (): Promise<void> => {
    if (counting) return;
    counting = true;
    const before = since;
    try {
      counted = await options.count();
      since -= before;
    } catch {
      // Redis does not respond: accepting an ask then fails by itself.
    } finally {
      counting = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), options.everyMs ?? EVERY_MS);
  timer.unref();
  return {
    get full() {
      return counted + since >= options.max;
    },
    entered: () => void since++,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
