/** One timer for all replies of the process: hundreds of timers would cost more than the writing of events. */
export interface FlushTimer extends Disposable {
  /** Calls the listener at each tick, every 20 ms, until the returned function is called. */
  add(listener: () => void): () => void;
  /** For how long the text of a reply is gathered at present, in ms: longer while the event loop is late. */
  readonly windowMs: number;
}

/**
 * The time between two ticks, in ms. `WINDOW_MS` and `LATE_WINDOW_MS` are multiples of `TICK_MS`, so that text waits
 * little longer than its window.
 */
const TICK_MS = 20;
const WINDOW_MS = 40;
/**
 * If the event loop is late by more than this many ms, text is gathered for `LATE_WINDOW_MS`: fewer, larger events
 * reduce the load.
 */
const LATE_MS = 20;
const LATE_WINDOW_MS = 100;

/** @param loopP99Ms returns by how many ms the event loop is late (99th percentile) */
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
