import { element } from "../frame/element.ts";
import type { CodePiece } from "../lazy/highlight.ts";
import { loadedPart, loadPart, type LazyParts } from "../lazy-part.ts";
import { inSlices } from "./slices.ts";

/** Code with more characters is not highlighted, because that would block the page. */
const MAX_CODE = 10_000;

const drawn = new WeakSet<Element>();

/** Draws the formulas in `nodes`; if `withCode`, also highlights code, which must be complete. */
export function decorate(nodes: readonly Node[], withCode: boolean): void {
  const places = nodes.filter((node) => node instanceof Element);
  for (const place of places.flatMap((node) => [...node.querySelectorAll<HTMLElement>(".math")])) {
    if (!drawn.has(place)) drawMath(place);
  }
  if (!withCode) return;
  for (const code of places.flatMap((node) => [...node.querySelectorAll<HTMLElement>("pre > code")])) {
    if (!drawn.has(code)) colour(code);
  }
}

function drawMath(place: HTMLElement): void {
  drawn.add(place);
  withPart("math", (part) => {
    if (!part) return void drawn.delete(place);
    later(place, () => {
      place.replaceChildren();
      part.renderMath(place.dataset["tex"] ?? "", place, place.classList.contains("block"));
    });
  });
}

function colour(code: HTMLElement): void {
  drawn.add(code);
  const { language = "" } = code.dataset;
  const source = code.textContent ?? "";
  if (language === "" || source.length > MAX_CODE) return;
  withPart("highlight", (part) =>
    later(code, () => {
      const pieces = part?.highlight(source, language);
      if (pieces && code.textContent === source) code.replaceChildren(...pieces.map(pieceNode));
    }),
  );
}

/**
 * Calls `use` with one of the `LazyParts` when it is loaded, or with undefined when it cannot be loaded. If it is
 * loaded already, `use` is called in the same task, because a later task would be too late when a script prints the
 * page.
 */
function withPart<K extends keyof LazyParts>(name: K, use: (part: LazyParts[K] | undefined) => void): void {
  const part = loadedPart(name);
  if (part) use(part);
  else void loadPart(name).then(use);
}

/** Passes `draw` to `inSlices`, which runs it before others if the answer is in sight. */
function later(place: Element, draw: () => void): void {
  const job = (): boolean => {
    draw();
    return true;
  };
  inSlices(job, !place.closest(".far"));
}

function pieceNode(piece: CodePiece): Node {
  if (typeof piece === "string") return new Text(piece);
  return element("span", { class: piece.classes.join(" ") }, ...piece.pieces.map(pieceNode));
}
