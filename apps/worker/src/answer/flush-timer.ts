/** One timer for all asks of the process: hundreds of timers would cost more than writing the events. */
export interface FlushTimer extends Disposable {
  /** Calls the listener at each tick, every 20 ms, until the returned function is called. */
  add(listener: () => void): () => void;
  /** How long text is gathered now, in ms: longer when the event loop is late. */
  readonly windowMs: number;
}

/** A divisor of both windows, so that text waits only a little longer than its window. */
const TICK_MS = 20;
const WINDOW_MS = 40;
/** When the event loop is later than this, text is gathered for longer: fewer and larger events reduce the load. */
const LATE_MS = 20;
const LATE_WINDOW_MS = 100;

/** @param loopP99Ms returns how late the event loop is, in ms */
export function createFlushTimer(loopP99Ms: () => number): FlushTimer {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let windowMs = WINDOW_MS;

  function tick(): void {
    windowMs = loopP99Ms() > LATE_MS ? LATE_WINDOW_MS : WINDOW_MS;
    timer = listeners.size > 0 ? setTimeout(tick, TICK_MS) : undefined;
    for (const listener of [...listeners]) listener();
  }

  return {
    add(listener) {
      listeners.add(listener);
      timer ??= setTimeout(tick, TICK_MS);
      return () => void listeners.delete(listener);
    },
    get windowMs() {
      return windowMs;
    },
    [Symbol.dispose]() {
      listeners.clear();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
