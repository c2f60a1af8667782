/**
 * Whether all users' unfinished asks have reached the bound. Their number is the sweeper's last count, plus the asks
 * accepted since.
 */
export interface QueueGate extends Disposable {
  readonly full: boolean;
  /** Adds an accepted ask to the number, until the sweeper's next count. */
  entered(): void;
  /** Sets the sweeper's count, which its beats carry. The count may miss the asks of the last moment. */
  counted(unfinished: number): void;
}

const EVERY_MS = 1000;

/**
 * @param count sums the unfinished asks. It is called only while no sweeper sends counts: when no worker runs. If
 * `count` fails, the last sum is kept, because accepting an ask fails then as well.
 */
export function createQueueGate(options: { max: number; count: () => Promise<number>; everyMs?: number }): QueueGate {
  let sum = 0;
  /**
   * Asks accepted between the last two counts, and since the last count: a sweeper's count may miss the latest asks.
   */
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
      // While Redis does not respond no count is needed: accepting an ask fails anyway.
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
