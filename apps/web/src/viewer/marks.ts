import { element } from "../frame/element.ts";
import type { Mark } from "./quote.ts";

/** Highlights, in a page's text, the places that `marks` lists. Returns the element of the first highlighted place. */
export function showMarks(elements: readonly HTMLElement[], marks: readonly Mark[]): HTMLElement | undefined {
  const made = marks.flatMap(({ piece, from, to }) => {
    const place = elements[piece];
    const text = place?.textContent ?? "";
    if (!place || text === "") return [];
    const mark = element("mark", {}, text.slice(from, to));
    place.replaceChildren(text.slice(0, from), mark, text.slice(to));
    return [mark];
  });
  return made[0];
}
