/** Runs each function once with the next frame, however often it was asked for: all of them at once, as one render. */
export type Frame = (run: () => void) => void;

/** A page that is hidden, or too busy, draws no frames. */
const NO_FRAME_MS = 250;
/** Outside of a browser there are no frames. */
const FRAME_MS = 16;

/** What of a browser is used, where it is there. */
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
