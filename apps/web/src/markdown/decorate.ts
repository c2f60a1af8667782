import { element } from "../frame/element.ts";
import type { CodePiece } from "../lazy/highlight.ts";
import { loadPart } from "../lazy-part.ts";
import { inSlices } from "./slices.ts";

/** Longer code is not highlighted: that would hold the page up. */
const MAX_CODE = 10_000;

const drawn = new WeakSet<Element>();

/** Draws formulas, and colours code that is whole. */
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
  void loadPart("math").then((part) => {
    if (!part) return drawn.delete(place);
    inSlices(() => {
      place.replaceChildren();
      part.renderMath(place.dataset["tex"] ?? "", place, place.classList.contains("block"));
      return true;
    });
  });
}

function colour(code: HTMLElement): void {
  drawn.add(code);
  const { language = "" } = code.dataset;
  const source = code.textContent ?? "";
  if (language === "" || source.length > MAX_CODE) return;
  void loadPart("highlight").then((part) =>
    inSlices(() => {
      const pieces = part?.highlight(source, language);
      if (pieces && code.textContent === source) code.replaceChildren(...pieces.map(pieceNode));
      return true;
    }),
  );
}

function pieceNode(piece: CodePiece): Node {
  if (typeof piece === "string") return new Text(piece);
  return element("span", { class: piece.classes.join(" ") }, ...piece.pieces.map(pieceNode));
}
