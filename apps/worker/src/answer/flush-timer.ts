/** One timer for all asks: five hundred of their own would cost more than what they carry. */
export interface Tick extends Disposable {
  /** Calls back at each beat, every 20 ms, until the answer is called. */
  add(listener: () => void): () => void;
  /** How long pieces are gathered now. */
  readonly windowMs: number;
}

/** Divides both windows, so that a piece waits little longer than its window. */
const BEAT_MS = 20;
const WINDOW_MS = 40;
/** When the loop is this late, fewer and larger events are what helps it. */
const LATE_MS = 20;
const LATE_WINDOW_MS = 100;

/** @param loopP99Ms how late the event loop is, in ms */
export function createTick(loopP99Ms: () => number): Tick {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let windowMs = WINDOW_MS;

  function beat(): void {
    windowMs = loopP99Ms() > LATE_MS ? LATE_WINDOW_MS : WINDOW_MS;
    timer = listeners.size > 0 ? setTimeout(beat, BEAT_MS) : undefined;
    for (const listener of [...listeners]) listener();
  }

  return {
    add(listener) {
      listeners.add(listener);
      timer ??= setTimeout(beat, BEAT_MS);
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
