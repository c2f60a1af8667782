/**
 * Whether the unfinished asks of all users have reached `MAX_QUEUED_ASKS`. Their number is the sweeper's last count,
 * plus the asks that this edge has accepted since the count before that one.
 */
export interface QueueGate extends Disposable {
  readonly full: boolean;
  /**
   * Must be called when this edge has accepted an ask: the ask is added to the number of unfinished asks until the
   * sweeper has counted it.
   */
  entered(): void;
  /**
   * Sets the sweeper's count, which comes with the sweeper's beats. The count may miss asks that were accepted just
   * before it.
   */
  counted(unfinished: number): void;
}

const EVERY_MS = 1000;

/**
 * @param options.count reads the number of unfinished asks from Redis. The gate calls it every second while no sweeper
 * sends counts, which happens when no ask worker runs. If the read fails, the last number is kept.
 */
export function createQueueGate(options: { max: number; count: () => Promise<number>; everyMs?: number }): QueueGate {
  let sum = 0;
  /**
   * How many asks this edge has accepted between the last two counts of all unfinished asks, and since the last one.
   * Both numbers are added to the last count, which may miss asks that were accepted just before it.
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
      // The last number is kept. It cannot do harm: while Redis does not respond, no ask can be accepted.
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
