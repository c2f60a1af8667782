/**
 * A watch over state that edges share through Redis and also hold in memory, such as the session secret: if Redis loses
 * it, this edge stores it again.
 */
export interface KeptInRedis extends Disposable {
  /** How many checks have found something missing in Redis and stored it again. */
  readonly losses: number;
}

export interface KeepOptions {
  onRestored(): void;
  onTrouble(error: unknown): void;
  readonly everyMs?: number;
}

/**
 * The time between two checks. An edge that starts between a loss and the next check creates another session secret;
 * then tokens of both secrets are valid.
 */
const EVERY_MS = 2000;

/**
 * Calls the functions of `restore` every two seconds, because a Redis that evicts keys or is flushed does not report
 * the loss. Each function stores again what Redis has lost, and resolves with whether anything was lost.
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
