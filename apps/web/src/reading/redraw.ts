/**
 * While a log is read, what has come of it is drawn after this time, and again after twice the time each time. Most logs are read
 * before: what stands at their end so far would be drawn as Markdown, and be far from the end in the next moment.
 */
const READING_MS = 1000;

/** Draws once for many changes. */
export interface Redraw {
  /** Draws in the next frame; while a log is read, less often. */
  soon(): void;
  /** Draws in the next frame, also while a log is read: for what the user has just done. What follows is drawn less often again. */
  hurry(): void;
  /**
   * A log is read until the promise settles, in the place of any before; what there is of it is drawn in the next frame. All of
   * it is then drawn at once: to draw a long one in parts takes much longer.
   */
  reading(log: Promise<unknown>): void;
}

export function createRedraw(draw: () => void): Redraw {
  let frame = 0;
  let timer = 0;
  let waitMs = READING_MS;
  let isRead: Promise<unknown> | undefined;

  function now(): void {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    [frame, timer] = [0, 0];
    draw();
  }
  function soon(): void {
    if (!isRead) frame ||= requestAnimationFrame(now);
    else if (timer === 0) {
      timer = window.setTimeout(now, waitMs);
      waitMs *= 2;
    }
  }
  function hurry(): void {
    clearTimeout(timer);
    timer = 0;
    waitMs = READING_MS;
    frame ||= requestAnimationFrame(now);
  }
  return {
    soon,
    hurry,
    reading(log) {
      isRead = log;
      hurry();
      const end = (): void => {
        if (isRead !== log) return;
        isRead = undefined;
        soon();
      };
      log.then(end, end);
    },
  };
}
