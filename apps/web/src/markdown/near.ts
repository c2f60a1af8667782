import { loadParser } from "./parser.ts";
import { afterSlices, atOnce } from "./slices.ts";

/**
 * Where an element is for its reader: out of sight; out of sight while the browser has nothing else to do; in sight, or about to
 * come into it; on paper, where all is drawn at once.
 */
export type Nearness = "far" | "idle" | "near" | "paper";

/** As far as half the screen is high: in a page of its own that counts twice, as the scroller's and as the screen's. */
const MARGIN = "50%";

const listeners = new WeakMap<Element, (nearness: Nearness) => void>();
/** Elements that are far, for paper. Those of a conversation that was left are forgotten. */
const far = new Set<WeakRef<Element>>();
/** Those of them that were not told `idle`, the last of the page first. */
const undrawn = new Set<WeakRef<Element>>();
let isIdleAsked = false;
/** Settled when the parser is there, or cannot be had: idle drawing before it would draw nothing, and all at once after it. */
let parsed: Promise<unknown> | undefined;
const refs = new WeakMap<Element, WeakRef<Element>>();
let observer: IntersectionObserver | undefined;

/**
 * Tells in the next frame in which the page is shown whether an element is far or near; of a far one, when the browser is idle, and
 * when it comes near or goes on paper. So paper and a search for words in the page find what was drawn before, at leisure. For browsers
 * that cannot say all is near.
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
  // From the end, where a reader of a conversation is or comes from.
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

/** One element each time, when nothing else is to be drawn. Safari has no idle callbacks: there the far ones wait until they are near. */
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
  // Formulas and colours, too: the next frame is too late for paper.
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
