import type { Frame } from "../frame/frame.ts";
import { followsAfter, isAtEnd, type Position } from "./follow-end.ts";

export interface Scrolling {
  /** Shows the end, and follows it from now on. */
  toEnd(): void;
}

/** Keeps the page at the end of what is being written in `content`, until the reader scrolls up; `back` takes them to the end again. */
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
    // At once: a smooth scroll would look like a reader who scrolls.
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
  // Only here, where the page has just been laid out: to measure it while it is drawn would lay it out once more each time.
  const observer = new ResizeObserver(([entry]) => {
    if (!entry || entry.contentRect.height === height) return;
    height = entry.contentRect.height;
    // What scrolls into view changes the height again. Browsers report that as an error in the frame in which it is observed.
    observer.unobserve(content);
    requestAnimationFrame(() => observer.observe(content));
    if (follows) toEnd();
    else settle();
  });
  observer.observe(content);
  return { toEnd };
}
