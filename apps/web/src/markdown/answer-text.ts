import { element } from "../frame/element.ts";
import type { CodePiece } from "../lazy/highlight.ts";
import { loadPart } from "../lazy-part.ts";
import type { Block, Blocks } from "../parsing/blocks.ts";
import { nodesOf } from "./nodes.ts";
import type { Nearness } from "./near.ts";
import { loadParser, type Parser } from "./parser.ts";
import { patchChildren } from "./patch.ts";
import { inSlices } from "./slices.ts";
import { say } from "../words/say.ts";

/** The text of an answer, read as Markdown while it is written; or as it came. */
export interface AnswerText {
  readonly root: HTMLElement;
  /**
   * Where it is, at first near. It is shown as it came while it is far: to draw hundreds of answers takes many seconds. While
   * that is not known (undefined), nothing is shown.
   */
  come(where: Nearness | undefined): void;
  /** `isOver`: nothing more comes. */
  show(text: string, isOver: boolean): void;
  /** Whether the answer is shown as it came, with its signs. */
  plain(isPlain: boolean): void;
}

/** Longer code is not highlighted: that would hold the page up. */
const MAX_CODE = 10_000;

export function createAnswerText(): AnswerText {
  const root = element("div", { class: "text" });
  root.addEventListener("click", copyCode);
  /** Undefined until it is there: nothing is shown before, since it would be shown as it came. */
  let parser: Parser | undefined;
  let blocks: Blocks | undefined;
  let text = "";
  /** The same with line ends as the parser wants them. */
  let lines = "";
  let isOver = false;
  let isPlain = false;
  let nearness: Nearness | undefined = "near";
  /** What is drawn is not read as Markdown, but what is to be drawn is. */
  let isStale = false;
  /** The parser cannot be had. */
  let isUnread = false;
  /**
   * The last of the root's nodes that is final. A node and not its number: to count or copy the nodes of a long answer for
   * each of its blocks takes the square of their number.
   */
  let settled: ChildNode | null = null;
  /** How many nodes are final in the block that goes on in the next one. */
  let inside = 0;

  function restart(): void {
    blocks = undefined;
    root.replaceChildren();
    [settled, inside] = [null, 0];
  }
  /** The first node that is not final. */
  function open(): ChildNode | null {
    return settled ? settled.nextSibling : root.firstChild;
  }
  /** In parts while that is seen. */
  function redraw(): void {
    if (nearness === "near") inSlices(draw);
    else while (!draw());
  }
  /** Draws some of what has come; returns whether that is all. */
  function draw(): boolean {
    if (nearness === undefined) return true;
    if (isPlain || isUnread || nearness === "far") {
      drawPlain(root, text);
      return true;
    }
    if (isStale && parser) {
      isStale = false;
      restart();
      mark();
    }
    blocks ??= parser?.createBlocks();
    if (!blocks) return true;
    const { settled: done, tail, more } = blocks.grow(lines, isOver);
    for (const block of done) settle(block);
    // A look that settles nothing yet leaves the end as it is: without it the page would be shorter for a frame, and scroll.
    if (done.length > 0 || tail.length > 0 || !more) putTail(tail);
    return !more;
  }
  function settle(block: Block): void {
    const nodes = nodesOfBlock(block);
    if (isInside(block) && nodes[0]) join(nodes[0], true);
    else {
      patchChildren(root, open(), nodes);
      inside = 0;
      settled = root.lastChild;
    }
    if (settled) decorate([settled], !block.joins && !block.goesOn);
  }
  /** Puts the content of a block into the one that it goes on in. */
  function join(node: Node, isFinal: boolean): void {
    const place = contentOf(settled ?? undefined);
    const from = contentOf(node);
    if (!place || !from) return;
    if (inside === 0) inside = place.childNodes.length;
    patchChildren(place, place.childNodes[inside] ?? null, [...from.childNodes]);
    if (isFinal) inside = place.childNodes.length;
  }
  function putTail(tail: readonly Block[]): void {
    const [first] = tail;
    const isJoined = first !== undefined && isInside(first);
    const [node] = isJoined ? nodesOfBlock(first) : [];
    if (node) join(node, false);
    const others = isJoined ? tail.slice(1) : tail;
    patchChildren(root, open(), others.flatMap(nodesOfBlock));
    const shown: ChildNode[] = [];
    for (let node = settled ?? root.firstChild; node; node = node.nextSibling) shown.push(node);
    decorate(shown, isOver && first?.joins !== true);
  }

  function mark(): void {
    root.classList.toggle("plain", isPlain || isUnread || isStale);
  }
  void loadParser().then((loaded) => {
    parser = loaded;
    isUnread = !loaded;
    mark();
    if (text !== "") redraw();
  });

  return {
    root,
    come(where) {
      if (where === nearness) return;
      nearness = where;
      if (where === "far" && !isStale) {
        isStale = true;
        mark();
      }
      redraw();
    },
    show(next, over) {
      if (next === text && over === isOver) return;
      if (!next.startsWith(text)) restart();
      text = next;
      lines = next.includes("\r") ? next.replaceAll(/\r\n?/g, "\n") : next;
      isOver = over;
      redraw();
    },
    plain(plain) {
      if (plain === isPlain) return;
      isPlain = plain;
      mark();
      restart();
      redraw();
    },
  };
}

/** Appends the new part of a growing answer. */
function drawPlain(place: HTMLElement, text: string): void {
  const now = place.textContent ?? "";
  if (text.startsWith(now)) place.append(text.slice(now.length));
  else place.textContent = text;
}

/** Rows and lines go on in their table or code. Lists and paragraphs go on in another one below: browsers lay those out apart. */
function isInside({ joins, token }: Block): boolean {
  return joins && (token.type === "table" || token.type === "code");
}

function nodesOfBlock(block: Block): Node[] {
  const nodes = nodesOf([block.token]);
  const [first] = nodes;
  if (block.joins && first instanceof Element) first.classList.add("on");
  return nodes;
}

/** Where the content of a block is: the rows of a table, the pieces of code. */
function contentOf(node: Node | undefined): Element | undefined {
  return node instanceof Element ? (node.querySelector("tbody") ?? node.querySelector("pre") ?? undefined) : undefined;
}

const drawn = new WeakSet<Element>();

/** Draws formulas, and colours code that is whole. */
function decorate(nodes: readonly Node[], withCode: boolean): void {
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

function copyCode({ target }: MouseEvent): void {
  if (!(target instanceof HTMLButtonElement) || !target.classList.contains("copy-code")) return;
  const code = target.closest("figure")?.querySelector("pre")?.textContent ?? "";
  void navigator.clipboard?.writeText(code).then(
    () => (target.textContent = say("copied")),
    () => (target.textContent = say("couldNotCopy")),
  );
}
