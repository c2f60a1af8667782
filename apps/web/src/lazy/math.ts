import { render } from "katex";
import "katex/dist/katex.min.css";

/** What a formula may expand to: a short one can name itself a million times. */
const MAX_STEPS = 1000;

/** Puts a formula into an element, as nodes. A mistake in it is shown as its source, in the colour of errors. */
export function renderMath(tex: string, place: HTMLElement, isBlock: boolean): void {
  render(tex, place, {
    displayMode: isBlock,
    throwOnError: false,
    errorColor: "currentColor",
    // No links, pictures, classes or styles of the engine's choice.
    trust: false,
    strict: "ignore",
    maxExpand: MAX_STEPS,
    maxSize: 20,
  });
}
