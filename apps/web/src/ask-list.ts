import { createAskElement, type AskActions, type AskElement } from "./ask-view.ts";
import type { PageState } from "./page-state.ts";

/** The asks on the page. `show` adds, moves and removes elements only where the order or the asks have changed. */
export function createAskList(place: HTMLElement, actions: AskActions): { show(state: PageState): void } {
  const elements = new Map<string, AskElement>();
  return {
    show(state) {
      let last: Element | null = null;
      for (const [id, ask] of state) {
        const shown = elements.get(id) ?? createAskElement(actions);
        elements.set(id, shown);
        shown.show(ask);
        const next: Element | null = last ? last.nextElementSibling : place.firstElementChild;
        if (next !== shown.root) place.insertBefore(shown.root, next);
        last = shown.root;
      }
      for (const [id, { root }] of elements) {
        if (state.has(id)) continue;
        root.remove();
        elements.delete(id);
      }
    },
  };
}
