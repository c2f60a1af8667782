/** Where an element is for its reader: out of sight; in sight, or about to come into it; on paper, where all is drawn at once. */
export type Nearness = "far" | "near" | "paper";

/** As far as half the screen is high: in a page of its own that counts twice, as the scroller's and as the screen's. */
const MARGIN = "50%";

const listeners = new WeakMap<Element, (nearness: Nearness) => void>();
/** Elements that are far, for paper. Those of a conversation that was left are forgotten. */
const far = new Set<WeakRef<Element>>();
const refs = new WeakMap<Element, WeakRef<Element>>();
let observer: IntersectionObserver | undefined;

/**
 * Tells in the next frame in which the page is shown whether an element is far or near, and once more when a far one comes near
 * or goes on paper. For browsers that cannot say all is near.
 */
export function whenNear(element: Element, tell: (nearness: Nearness) => void): void {
  if (typeof IntersectionObserver === "undefined") return tell("near");
  if (!observer) {
    const margin = `${MARGIN} 0px`;
    observer = new IntersectionObserver(look, { rootMargin: margin, scrollMargin: margin });
    addEventListener("beforeprint", putOnPaper);
  }
  listeners.set(element, tell);
  observer.observe(element);
}

function look(entries: readonly IntersectionObserverEntry[]): void {
  // From the end, where a reader of a conversation is or comes from.
  for (const { target, isIntersecting } of entries.toReversed()) {
    if (isIntersecting) end(target, "near");
    else if (!refs.has(target)) {
      const ref = new WeakRef(target);
      refs.set(target, ref);
      far.add(ref);
      listeners.get(target)?.("far");
    }
  }
  for (const ref of far) if (!ref.deref()) far.delete(ref);
}

function putOnPaper(): void {
  for (const ref of far) {
    const element = ref.deref();
    if (element?.isConnected) end(element, "paper");
  }
}

function end(element: Element, nearness: Nearness): void {
  const ref = refs.get(element);
  if (ref) far.delete(ref);
  refs.delete(element);
  observer?.unobserve(element);
  listeners.get(element)?.(nearness);
  listeners.delete(element);
}
