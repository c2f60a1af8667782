/**
 * Runs each function once at the next frame, even if it was passed several times; all functions run together, as one
 * render.
 */
export type Frame = (run: () => void) => void;

/** The longest wait for a frame: a page that is hidden or too busy draws no frames. */
const NO_FRAME_MS = 250;
/** The wait outside a browser, where there are no frames. */
const FRAME_MS = 16;

/** The used parts of a browser's page, where there is one. */
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
