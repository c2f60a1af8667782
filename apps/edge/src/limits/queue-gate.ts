/** Whether the whole system has as many unfinished asks as it may: counted once a second, plus what was let in since. */
export interface QueueGate extends Disposable {
  readonly full: boolean;
  /** An ask was let in. */
  entered(): void;
}

const EVERY_MS = 1000;

/** @param count sums the unfinished asks; when it fails the last sum stands, since accepting then fails as well. */
export function createQueueGate(of: { max: number; count: () => Promise<number>; everyMs?: number }): QueueGate {
  let counted = 0;
  let since = 0;
  let counting = false;
  const look = async (): Promise<void> => {
    if (counting) return;
    counting = true;
    const before = since;
    try {
      counted = await of.count();
      since -= before;
    } catch {
      // Redis is away: the asks themselves find out.
    } finally {
      counting = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), of.everyMs ?? EVERY_MS);
  timer.unref();
  return {
    get full() {
      return counted + since >= of.max;
    },
    entered: () => void since++,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
