/** Whether all users' unfinished asks have reached the bound: as the sweeper counts them, plus the asks accepted since. */
export interface QueueGate extends Disposable {
  readonly full: boolean;
  /** Counts an accepted ask until the next count. */
  entered(): void;
  /** A count by the sweeper, which comes with its beats. It may be older than the asks that entered in the last moment. */
  counted(unfinished: number): void;
}

const EVERY_MS = 1000;

/**
 * @param count sums the unfinished asks, which is read only while no sweeper tells: when no worker runs. If it fails the
 * last sum is kept, since accepting then fails as well.
 */
export function createQueueGate(options: { max: number; count: () => Promise<number>; everyMs?: number }): QueueGate {
  let sum = 0;
  /** Asks that entered since the count before the last, and since the last: a sweeper's count may miss the latest ones. */
  let [before, since] = [0, 0];
  let told = false;
  let counting = false;

  const look = async (): Promise<void> => {
    if (told || counting) {
      told = false;
      return;
    }
    counting = true;
    const entered = since;
    try {
      sum = await options.count();
      [before, since] = [0, since - entered];
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
      return sum + before + since >= options.max;
    },
    entered: () => void since++,
    counted(unfinished) {
      told = true;
      [sum, before, since] = [unfinished, since, 0];
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
