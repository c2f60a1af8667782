import type { Turn } from "@docrelay/client";
import { createAskElement, type AskActions, type AskElement } from "./ask-view.ts";

/** The asks on the page. `show` adds, moves and removes elements only where the order or the asks have changed. */
export function createAskList(place: HTMLElement, actions: AskActions): { show(turns: readonly Turn[]): void } {
  const elements = new Map<string, AskElement>();
  return {
    show(turns) {
      let last: Element | null = null;
      for (const turn of turns) {
        const shown = elements.get(turn.id) ?? createAskElement(actions);
        elements.set(turn.id, shown);
        shown.show(turn);
        const next: Element | null = last ? last.nextElementSibling : place.firstElementChild;
        if (next !== shown.root) place.insertBefore(shown.root, next);
        last = shown.root;
      }
      const ids = new Set(turns.map(({ id }) => id));
      for (const [id, { root }] of elements) {
        if (ids.has(id)) continue;
        root.remove();
        elements.delete(id);
      }
    },
  };
}
