/** The place where the chat is shown: a page of its own, or an element of another page. */
export interface Frame {
  /** Returns the element with this id, which must exist. */
  find<T extends HTMLElement>(id: string, type: new () => T): T;
  /** Returns the element that has the focus. */
  focused(): Element | null;
  /** The element that contains the whole chat. */
  readonly body: HTMLElement;
  /** The element that scrolls. Its `scroll` events come from `onScroll`, which for the document is the window. */
  readonly scroller: HTMLElement;
  readonly onScroll: GlobalEventHandlers;
  /** The target of key, paste and drop events. */
  readonly events: GlobalEventHandlers;
}

/** Returns the frame of docrelay's own page: the whole document. */
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

/** Implements `Frame.find` for a document or a shadow tree. */
export function finder(root: Document | ShadowRoot): Frame["find"] {
  return (id, type) => {
    const found = root.getElementById(id);
    if (!(found instanceof type)) throw new Error(`#${id} is missing`);
    return found;
  };
}
