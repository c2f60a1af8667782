/** What the edges share through Redis and know by themselves: a Redis that has lost it gets it back. */
export interface KeptInRedis extends Disposable {
  /** How often something was lost. */
  readonly losses: number;
}

export interface KeepOptions {
  onRestored(): void;
  onTrouble(error: unknown): void;
  readonly everyMs?: number;
}

/** An edge that starts in this time after a loss makes another secret; then both verify. */
const EVERY_MS = 2000;

/** Looks often, since a Redis that evicts or is flushed says nothing. `restore`: each resolves with whether something was lost. */
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
