import { element } from "../frame/element.ts";
import type { Block } from "../parsing/blocks.ts";
import { decorate } from "./decorate.ts";
import { nodesOf } from "./nodes.ts";
import { patchChildren } from "./patch.ts";

/**
 * The nodes of one answer on the page. The blocks at its end (the open end) may still change with later text; the
 * blocks before them will not change any more.
 */
export interface Sheet {
  /**
   * Removes the nodes of the open end (the blocks that may still change), and adds a block that will not change any
   * more.
   */
  settle(block: Block): void;
  /** Replaces the open end (the blocks that may still change). `isOver`: the answer is complete. */
  end(tail: readonly Block[], isOver: boolean): void;
  clear(): void;
}

/**
 * An answer's blocks are grouped into elements of the class `part`. Once a part has this many blocks, about a
 * screenful, the next part begins, except after a heading and within a table or code. Browsers skip a part that is out
 * of sight as a whole; without parts they would look at all blocks of a long answer in each frame.
 */
const MAX_BLOCKS = 10;

export function createSheet(root: HTMLElement): Sheet {
  /** The answer's last part (see `MAX_BLOCKS`). It is made with its first nodes, because an empty part has a height. */
  let part: HTMLElement | undefined;
  let blocks = 0;
  /** The last node of `part` whose block will not change any more; null if `part` has no such node. */
  let settled: ChildNode | null = null;
  /**
   * While blocks continue the table or the code block `settled`: how many of its rows, or of the nodes of its code,
   * will not change any more. 0 until the first block has continued it.
   */
  let inside = 0;

  /** Replaces all nodes of `part` after `settled` by `nodes`. */
  function put(nodes: readonly Node[]): void {
    if (!part && nodes.length === 0) return;
    if (!part) root.append((part = element("div", { class: "part" })));
    patchChildren(part, settled ? settled.nextSibling : part.firstChild, nodes);
    if (!settled) part.classList.toggle("on", part.firstElementChild?.classList.contains("on") ?? false);
  }
  /**
   * Puts the rows or the code of a block into the table or the code block that it continues. `isFinal`: they will not
   * change any more.
   */
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
      // After a heading no new part (see `MAX_BLOCKS`) is begun, so that the heading stays in one part with its text.
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

/**
 * Whether a block continues inside the element of the block before. A row continues inside its table, and a line of
 * code inside its code block. Lists and paragraphs continue in a new element below, so that browsers need not lay out
 * the earlier element again.
 */
function goesOnInside({ token }: Block): boolean {
  return token.type === "table" || token.type === "code";
}

function nodesOfBlock(block: Block): Node[] {
  const nodes = nodesOf([block.token]);
  const [first] = nodes;
  if (block.joins && first instanceof Element) first.classList.add("on");
  return nodes;
}

/** Returns the element that holds the rows of a table, or the code of a code block; undefined for any other node. */
function contentOf(node: Node | null): Element | undefined {
  return node instanceof Element ? (node.querySelector("tbody") ?? node.querySelector("pre") ?? undefined) : undefined;
}
