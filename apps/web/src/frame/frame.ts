/** What the chat is shown in: a page of its own, or an element of another page. */
export interface Frame {
  /** The element with an id, which has to be there. */
  find<T extends HTMLElement>(id: string, type: new () => T): T;
  /** The element that has the focus. */
  focused(): Element | null;
  /** What holds everything of the chat. */
  readonly body: HTMLElement;
  /** The element that scrolls, and the one that emits `scroll`. */
  readonly scroller: HTMLElement;
  readonly onScroll: GlobalEventHandlers;
  /** What hears keys, pastes and drops. */
  readonly events: GlobalEventHandlers;
}

/** The document as a frame. */
export function pageFrame(): Frame {
  return {
    find: finder(document),
    focused: () => document.activeElement,
    body: document.body,
    scroller: document.documentElement,
    onScroll: window,
    events: window,
  };
}

/** A frame's `find`, in a document or a shadow tree. */
export function finder(root: Document | ShadowRoot): Frame["find"] {
  return (id, type) => {
    const found = root.getElementById(id);
    if (!(found instanceof type)) throw new Error(`#${id} is missing`);
    return found;
  };
}
