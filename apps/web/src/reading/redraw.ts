/**
 * While a log is being read, turns are drawn after this many ms, then after twice as many, and so on. Most logs are
 * read completely before the first of these drawings. If turns were drawn sooner, time would be spent on turns that are
 * out of sight a moment later.
 */
const READING_MS = 1000;

/** Combines many changes into one drawing. */
export interface Redraw {
  /** Draws in the next frame, or later while a log is read. */
  soon(): void;
  /**
   * Draws in the next frame, even while a log is read, to show what the user has done. If the log is still being read,
   * the next call of `soon` waits for `READING_MS` again.
   */
  hurry(): void;
  /**
   * Must be called when the reading of a log begins; `log` settles when it has been read. From now on, only this log
   * counts as being read. The turns that are there already are drawn in the next frame. Once the log has been read, all
   * turns are drawn at once, because drawing a long log in parts takes much longer.
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
