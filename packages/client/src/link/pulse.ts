/** Detects whether a line is still alive by what arrives on it. */
export interface Pulse {
  /**
   * A call was sent; on a live line its answer may take `heldMs`. Returns a function to call when the answer has
   * arrived.
   */
  sent(heldMs: number): () => void;
  /** Something has arrived, whatever it is. */
  heard(): void;
  /** Asks for a sign of life now, unless one was asked for already. */
  doubt(): void;
  stop(): void;
}

export interface PulseDeps {
  /** Sends a request that the server answers at once. */
  ask(): void;
  /** Nothing arrived in time: the line is dead. Called once. */
  dead(): void;
  /** How long the line takes for the bytes that were sent and not acknowledged: a request waits behind them. */
  drainMs(): number;
  /** How long a sign of life may take. */
  readonly patienceMs: number;
}

export const SIGN_MS = 2000;
/** An answer that takes longer is late. Doubled when the line proves to be alive, because then the server is slow. */
const LATE_MS = 2000;
const MAX_LATE_MS = 16_000;
/** A timer that fires later than this shows that this process stood still, not that the line is dead. */
const STALL_MS = 400;

export function createPulse({ ask, dead, drainMs, patienceMs }: PulseDeps): Pulse {
  const waiting = new Set<{ heldMs: number }>();
  let lateMs = LATE_MS;
  let late: ReturnType<typeof setTimeout> | undefined;
  let verdict: ReturnType<typeof setTimeout> | undefined;

  function watch(): void {
    clearTimeout(late);
    late = undefined;
    if (waiting.size > 0 && !verdict) late = setTimeout(onLate, lateMs + drainMs());
  }
  function onLate(): void {
    lateMs = Math.min(lateMs * 2, MAX_LATE_MS);
    question(Math.max(...[...waiting].map(({ heldMs }) => heldMs)));
  }
  function question(heldMs: number): void {
    if (verdict) return;
    clearTimeout(late);
    ask();
    judge(Math.max(patienceMs, heldMs) + drainMs());
  }
  function judge(waitMs: number): void {
    const dueAt = performance.now() + waitMs;
    verdict = setTimeout(() => {
      if (performance.now() - dueAt > STALL_MS) judge(patienceMs);
      else dead();
    }, waitMs);
  }
  return {
    sent(heldMs) {
      const call = { heldMs };
      waiting.add(call);
      if (late === undefined) watch();
      return () => {
        waiting.delete(call);
        if (waiting.size === 0) lateMs = LATE_MS;
        watch();
      };
    },
    heard() {
      clearTimeout(verdict);
      verdict = undefined;
      watch();
    },
    doubt: () => question(0),
    stop() {
      waiting.clear();
      clearTimeout(late);
      clearTimeout(verdict);
    },
  };
}
