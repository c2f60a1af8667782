/**
 * Calls each function once at the next frame, even if it was passed several times. All of them are called together, so
 * that they cause one render.
 */
export type Frame = (run: () => void) => void;

/** How many ms to wait for a frame at most: a web page that is hidden or too busy draws none. */
const NO_FRAME_MS = 250;
/** How many ms to wait instead of a frame outside a browser, where there are no frames. */
const FRAME_MS = 16;

/** The functions of a browser's web page that are used here. They are undefined outside a browser. */
interface Page {
  requestAnimationFrame?(run: () => void): number;
}

export function createFrame(page: Page = globalThis): Frame {
  const due = new Set<() => void>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    clearTimeout(timer);
    const now = [...due];
    due.clear();
    for (const run of now) run();
  }
  return (run) => {
    if (due.size === 0) timer = setTimeout(flush, page.requestAnimationFrame?.(flush) ? NO_FRAME_MS : FRAME_MS);
    due.add(run);
  };
}
