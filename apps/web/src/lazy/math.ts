import { render } from "katex";
import "katex/dist/katex.min.css";

/** How many macros a formula may expand. A short formula can define macros that expand a million times. */
const MAX_STEPS = 1000;

/** Puts a formula into an element, as nodes. A faulty formula is shown as its source, in the colour of errors. */
export function renderMath(tex: string, place: HTMLElement, isBlock: boolean): void {
  render(tex, place, {
    displayMode: isBlock,
    throwOnError: false,
    errorColor: "currentColor",
    // The engine's formulas may not add links, pictures, classes or styles.
    trust: false,
    strict: "ignore",
    maxExpand: MAX_STEPS,
    maxSize: 20,
  });
}
