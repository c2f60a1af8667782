/** The attribute with the source of a drawn formula. While the source is unchanged, the drawn nodes stay. */
const SOURCE = "data-tex";

/**
 * Makes the children of `place` from `first` on equal to `nodes`, with few changes. If a text has only grown, just the
 * new part is appended, so that nothing flickers and a selection stays.
 */
export function patchChildren(place: Node, first: Node | null, nodes: readonly Node[]): void {
  let now = first;
  for (const node of nodes) {
    if (!now) place.appendChild(node);
    else {
      const next: Node | null = now.nextSibling;
      patch(now, node);
      now = next;
    }
  }
  while (now) {
    const next: Node | null = now.nextSibling;
    place.removeChild(now);
    now = next;
  }
}

function patch(now: Node, wanted: Node): void {
  if (now instanceof Text && wanted instanceof Text) {
    if (wanted.data.startsWith(now.data)) {
      if (wanted.length > now.length) now.appendData(wanted.data.slice(now.length));
    } else now.data = wanted.data;
    return;
  }
  if (!(now instanceof Element) || !(wanted instanceof Element) || !isAlike(now, wanted)) {
    now.parentNode?.replaceChild(wanted, now);
    return;
  }
  if (now.hasAttribute(SOURCE)) return;
  patchChildren(now, now.firstChild, [...wanted.childNodes]);
}

function isAlike(one: Element, other: Element): boolean {
  return (
    one.tagName === other.tagName &&
    one.attributes.length === other.attributes.length &&
    [...other.attributes].every(({ name, value }) => one.getAttribute(name) === value)
  );
}
