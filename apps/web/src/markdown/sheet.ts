import { element } from "../frame/element.ts";
import type { Block } from "../parsing/blocks.ts";
import { decorate } from "./decorate.ts";
import { nodesOf } from "./nodes.ts";
import { patchChildren } from "./patch.ts";

/** The blocks of one answer on the page: those that are final, and behind them an open end. */
export interface Sheet {
  /** Puts a final block in the place of the open end. */
  settle(block: Block): void;
  /** Puts an open end in the place of the one before. `isOver`: nothing more comes. */
  end(tail: readonly Block[], isOver: boolean): void;
  clear(): void;
}

/**
 * How many blocks are in one part, about a screen of them. Browsers skip parts out of sight as a whole: without them, each
 * frame of a long answer looks at all of its blocks.
 */
const MAX_BLOCKS = 10;

export function createSheet(root: HTMLElement): Sheet {
  /** The last part; undefined until something is put into it, since an empty one would have a height. */
  let part: HTMLElement | undefined;
  let blocks = 0;
  /** The last of the part's nodes that is final. */
  let settled: ChildNode | null = null;
  /** How many nodes are final in the block that goes on in the next one. */
  let inside = 0;

  /** Puts nodes in the place of those that are not final. */
  function put(nodes: readonly Node[]): void {
    if (!part && nodes.length === 0) return;
    if (!part) root.append((part = element("div", { class: "part" })));
    patchChildren(part, settled ? settled.nextSibling : part.firstChild, nodes);
    if (!settled) part.classList.toggle("on", part.firstElementChild?.classList.contains("on") ?? false);
  }
  /** Puts the content of a block into the one that it goes on in. */
  function join(node: Node, isFinal: boolean): void {
    const place = contentOf(settled);
    const from = contentOf(node);
    if (!place || !from) return;
    if (inside === 0) inside = place.childNodes.length;
    patchChildren(place, place.childNodes[inside] ?? null, [...from.childNodes]);
    if (isFinal) inside = place.childNodes.length;
  }
  return {
    settle(block) {
      const nodes = nodesOfBlock(block);
      if (isInside(block) && nodes[0]) join(nodes[0], true);
      else {
        put(nodes);
        [settled, inside] = [part?.lastChild ?? null, 0];
        blocks += nodes.length;
      }
      if (settled) decorate([settled], !block.joins && !block.goesOn);
      // A heading stays with its text.
      if (blocks < MAX_BLOCKS || block.token.type === "heading" || (block.goesOn && goesOnInside(block))) return;
      put([]);
      [part, settled, blocks] = [undefined, null, 0];
    },
    end(tail, isOver) {
      const [first] = tail;
      const isJoined = first !== undefined && isInside(first);
      const [node] = isJoined ? nodesOfBlock(first) : [];
      if (node) join(node, false);
      put((isJoined ? tail.slice(1) : tail).flatMap(nodesOfBlock));
      const shown: ChildNode[] = [];
      for (let node = settled ?? part?.firstChild; node; node = node.nextSibling) shown.push(node);
      decorate(shown, isOver && first?.joins !== true);
    },
    clear() {
      root.replaceChildren();
      [part, settled, blocks, inside] = [undefined, null, 0, 0];
    },
  };
}

function isInside(block: Block): boolean {
  return block.joins && goesOnInside(block);
}

/** Rows and lines go on in their table or code. Lists and paragraphs go on in another one below: browsers lay those out apart. */
function goesOnInside({ token }: Block): boolean {
  return token.type === "table" || token.type === "code";
}

function nodesOfBlock(block: Block): Node[] {
  const nodes = nodesOf([block.token]);
  const [first] = nodes;
  if (block.joins && first instanceof Element) first.classList.add("on");
  return nodes;
}

/** Where the content of a block is: the rows of a table, the pieces of code. */
function contentOf(node: Node | null): Element | undefined {
  return node instanceof Element ? (node.querySelector("tbody") ?? node.querySelector("pre") ?? undefined) : undefined;
}
