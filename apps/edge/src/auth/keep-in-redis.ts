/**
 * Watches the state that edges share through Redis and also hold in memory, and stores it again if Redis has lost it.
 */
export interface KeptInRedis extends Disposable {
  /** How many times Redis had lost something. */
  readonly losses: number;
}

export interface KeepOptions {
  onRestored(): void;
  onTrouble(error: unknown): void;
  readonly everyMs?: number;
}

/**
 * The time between two checks. An edge that starts between a loss and the next check creates another secret; then both
 * secrets verify.
 */
const EVERY_MS = 2000;

/**
 * Checks often, because a Redis that evicts keys or is flushed reports nothing. Each function of `restore` resolves
 * with whether something was lost.
 */
export function keepInRedis(
  restore: ReadonlyArray<() => Promise<boolean>>,
  { onRestored, onTrouble, everyMs = EVERY_MS }: KeepOptions,
): KeptInRedis {
  let losses = 0;
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      const lost = await Promise.all(restore.map((one) => one()));
      if (!lost.includes(true)) return;
      losses++;
      onRestored();
    } catch (error) {
      onTrouble(error);
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return {
    get losses() {
      return losses;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
