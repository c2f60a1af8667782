import { isOver, type Turn } from "@docrelay/client";
import type { AskActions } from "./ask-details.ts";
import { createAskElement, type AskElement } from "./ask-view.ts";
import { element } from "../frame/element.ts";
import { say } from "../words/say.ts";

export interface AskList {
  /**
   * Shows the asks. `gone`: turns that the server no longer has, shown in grey before the others. `offline`: there is
   * no connection.
   */
  show(gone: readonly Turn[], turns: readonly Turn[], offline?: boolean): void;
}

/**
 * Creates the list of the asks on the page. Its `show` adds, moves and removes elements only where the order or the
 * asks have changed.
 */
export function createAskList(place: HTMLElement, actions: AskActions): AskList {
  const elements = new Map<string, AskElement>();
  const border = element("li", { class: "border" }, say("gone"));
  let waiting: AskElement[] = [];
  let timer = 0;

  function put(root: Element, last: Element | null): Element {
    const next = last ? last.nextElementSibling : place.firstElementChild;
    if (next !== root) place.insertBefore(root, next);
    return root;
  }
  return {
    show(gone, turns, offline = false) {
      let last: Element | null = null;
      let ahead = 0;
      waiting = [];
      const all = [...gone, ...turns];
      for (const [index, turn] of all.entries()) {
        const shown = elements.get(turn.id) ?? createAskElement(actions);
        elements.set(turn.id, shown);
        shown.show(turn, { ahead, gone: index < gone.length, offline, newest: index === all.length - 1 });
        if (index >= gone.length && !isOver(turn)) {
          ahead++;
          waiting.push(shown);
        }
        last = put(shown.root, last);
        if (index === gone.length - 1) last = put(border, last);
      }
      if (gone.length === 0) border.remove();
      const ids = new Set(all.map(({ id }) => id));
      for (const [id, { root }] of elements) {
        if (ids.has(id)) continue;
        root.remove();
        elements.delete(id);
      }
      if (waiting.length > 0) timer ||= window.setInterval(() => waiting.forEach((one) => one.tick()), 1000);
      else {
        clearInterval(timer);
        timer = 0;
      }
    },
  };
}
