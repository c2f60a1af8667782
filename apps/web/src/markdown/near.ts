import { loadParser } from "./parser.ts";
import { afterSlices, atOnce } from "./slices.ts";

/**
 * How near an element is to what the reader sees. `far`: out of sight. `idle`: out of sight, but the browser has time
 * to draw it. `near`: in sight, or about to come into sight. `paper`: the page is being printed, so everything must be
 * drawn at once.
 */
export type Nearness = "far" | "idle" | "near" | "paper";

/**
 * An element counts as near if it is at most half the screen's height away from what is in sight. If the chat is a page
 * of its own, the browser adds this margin twice, as `rootMargin` and as `scrollMargin`: an element is then near from a
 * whole screen away.
 */
const MARGIN = "50%";

const listeners = new WeakMap<Element, (nearness: Nearness) => void>();
/**
 * The `far` elements, which are drawn before printing. The references are weak, so that elements of a closed
 * conversation can be freed.
 */
const far = new Set<WeakRef<Element>>();
/** The `far` elements that have not been reported as `idle`, beginning with the last one on the page. */
const undrawn = new Set<WeakRef<Element>>();
let isIdleAsked = false;
/**
 * Settles when the parser has loaded or failed to load. No element is reported as idle before that: all elements
 * reported until then would be drawn in the moment when the parser has loaded, and would block the page.
 */
let parsed: Promise<unknown> | undefined;
const refs = new WeakMap<Element, WeakRef<Element>>();
let observer: IntersectionObserver | undefined;

/**
 * Reports an element as far or near, in the next frame in which the page is shown. A far element is reported again when
 * the browser is idle, when the element comes near, and before printing, so that it is drawn when the page is printed
 * or searched. In browsers without IntersectionObserver every element is near.
 */
export function whenNear(element: Element, tell: (nearness: Nearness) => void): void {
  if (typeof IntersectionObserver === "undefined") return tell("near");
  if (!observer) {
    const margin = `${MARGIN} 0px`;
    observer = new IntersectionObserver(look, { rootMargin: margin, scrollMargin: margin });
    addEventListener("beforeprint", putOnPaper);
    addEventListener("afterprint", () => atOnce(false));
  }
  listeners.set(element, tell);
  observer.observe(element);
}

function look(entries: readonly IntersectionObserverEntry[]): void {
  // Begins with the last element of the page, because a reader of a conversation is usually at the end.
  for (const { target, isIntersecting } of entries.toReversed()) {
    if (isIntersecting) end(target, "near");
    else if (!refs.has(target)) {
      const ref = new WeakRef(target);
      refs.set(target, ref);
      far.add(ref);
      undrawn.add(ref);
      listeners.get(target)?.("far");
    }
  }
  for (const ref of far) if (!ref.deref()) forget(ref);
  drawWhenIdle();
}

/**
 * Reports the `far` elements as `idle`, one at a time, whenever the browser is idle and no job of slices.ts waits.
 * Safari has no idle callbacks: there, far elements wait until they are near.
 */
function drawWhenIdle(): void {
  if (isIdleAsked || undrawn.size === 0 || !("requestIdleCallback" in window)) return;
  isIdleAsked = true;
  parsed ??= loadParser();
  void parsed.then(() => afterSlices(() => requestIdleCallback(drawOne)));
}

function drawOne(): void {
  isIdleAsked = false;
  const [ref] = undrawn;
  if (ref) undrawn.delete(ref);
  const element = ref?.deref();
  if (element?.isConnected) listeners.get(element)?.("idle");
  drawWhenIdle();
}

function putOnPaper(): void {
  // Formulas and highlighted code are also drawn at once, because the next frame is too late for printing.
  atOnce(true);
  for (const ref of far) {
    const element = ref.deref();
    if (element?.isConnected) end(element, "paper");
  }
}

function end(element: Element, nearness: Nearness): void {
  const ref = refs.get(element);
  if (ref) forget(ref);
  refs.delete(element);
  observer?.unobserve(element);
  listeners.get(element)?.(nearness);
  listeners.delete(element);
}

function forget(ref: WeakRef<Element>): void {
  far.delete(ref);
  undrawn.delete(ref);
}
