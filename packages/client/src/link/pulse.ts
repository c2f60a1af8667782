/** Detects whether a socket is still alive, by what arrives on it. */
export interface Pulse {
  /**
   * Must be called when a request was sent. `heldMs`: how many ms the server may delay the response. Returns a function
   * to call when the response has arrived.
   */
  sent(heldMs: number): () => void;
  /** Must be called when anything has arrived on the socket. */
  heard(): void;
  /** Requests a sign of life now, unless one is expected already. */
  doubt(): void;
  stop(): void;
}

export interface PulseDeps {
  /** Called to request a sign of life: sends a request to which the server responds at once. */
  ask(): void;
  /** Called once, when nothing has arrived in time: the socket is dead. */
  dead(): void;
  /**
   * Returns how many ms the socket needs for the bytes that were sent and not acknowledged. A request for a sign of
   * life waits behind these bytes.
   */
  drainMs(): number;
  /** How many ms a requested sign of life may take. */
  readonly patienceMs: number;
}

export const SIGN_MS = 2000;
/**
 * If a response is not there after this many ms, a sign of life is requested. Each time this happens, the time is
 * doubled, up to `MAX_LATE_MS`: if the connection turns out to be alive, the server is only slow. The time is 2 s again
 * once no response is awaited.
 */
const LATE_MS = 2000;
const MAX_LATE_MS = 16_000;
/**
 * If the timer for the sign of life fires more than this many ms late, this process was suspended. Then the connection
 * may be alive, and gets some more time.
 */
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
