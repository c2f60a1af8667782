import type { Frame } from "../frame/frame.ts";
import { followsAfter, isAtEnd, type Position } from "./follow-end.ts";

export interface Scrolling {
  /** Scrolls to the end and follows it from now on. */
  toEnd(): void;
}

/**
 * Keeps the page at the end of `content` while it grows, until the reader scrolls up. The button `back` returns to
 * the end.
 */
export function followEnd(
  { scroller: page, onScroll }: Frame,
  content: HTMLElement,
  back: HTMLButtonElement,
): Scrolling {
  const now = (): Position => ({ top: page.scrollTop, height: page.scrollHeight, view: page.clientHeight });
  let follows = true;
  let last = now();

  function settle(): void {
    last = now();
    back.hidden = follows || isAtEnd(last);
  }
  function toEnd(): void {
    follows = true;
    // A smooth scroll would take time, in which a growing answer moves the end further away.
    page.scrollTo({ top: page.scrollHeight, behavior: "instant" });
    settle();
  }
  onScroll.addEventListener(
    "scroll",
    () => {
      follows = followsAfter(follows, last, now());
      settle();
    },
    { passive: true },
  );
  back.addEventListener("click", toEnd);
  let height = -1;
  // The height is measured only here, right after the page's layout. Measuring while drawing would force another layout
  // each time.
  const observer = new ResizeObserver(([entry]) => {
    if (!entry || entry.contentRect.height === height) return;
    height = entry.contentRect.height;
    // Scrolling changes the height again, because elements that come into view are laid out. If the height of an
    // observed element changes twice in a frame, browsers report an error, so observing pauses for a frame.
    observer.unobserve(content);
    requestAnimationFrame(() => observer.observe(content));
    if (follows) toEnd();
    else settle();
  });
  observer.observe(content);
  return { toEnd };
}
