/** Finds out whether a line is still alive, by what arrives on it. */
export interface Pulse {
  /**
   * A call was sent. Its answer may take `heldMs` on a line that is alive. Returns what to call when it was answered.
   */
  sent(heldMs: number): () => void;
  /** Something arrived, whatever it was. */
  heard(): void;
  /** Asks for a sign of life now, unless it was asked for already. */
  doubt(): void;
  stop(): void;
}

export interface PulseDeps {
  /** Sends a question that the server answers at once. */
  ask(): void;
  /** Nothing arrived in time: the line is dead. Called once. */
  dead(): void;
  /** How long what was sent and not acknowledged takes on this line: a question waits behind it. */
  drainMs(): number;
  /** How long a sign of life may take. */
  readonly patienceMs: number;
}

export const SIGN_MS = 2000;
/** An answer that takes longer is late. Doubled while the line proves to be alive, since then the server is slow. */
const LATE_MS = 2000;
const MAX_LATE_MS = 16_000;
/** A timer that fires later than this says that this process stood still, not that the line did. */
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
