import { element } from "../frame/element.ts";
import type { Blocks } from "../parsing/blocks.ts";
import type { Nearness } from "./near.ts";
import { loadParser, type Parser } from "./parser.ts";
import { createSheet } from "./sheet.ts";
import { inSlices } from "./slices.ts";
import { say } from "../words/say.ts";

/** The text of an answer, read as Markdown while it is written; or as it came. */
export interface AnswerText {
  readonly root: HTMLElement;
  /**
   * Where it is, at first near. It is shown as it came while it is far and the browser is busy: to draw hundreds of answers takes
   * many seconds. While that is not known (undefined), nothing is shown.
   */
  come(where: Nearness | undefined): void;
  /** `isOver`: nothing more comes. */
  show(text: string, isOver: boolean): void;
  /** Whether the answer is shown as it came, with its signs. */
  plain(isPlain: boolean): void;
}

// oxlint-disable-next-line max-lines-per-function -- draws one answer: its parts share what is drawn so far
export function createAnswerText(): AnswerText {
  const root = element("div", { class: "text" });
  const sheet = createSheet(root);
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
  /** All of the text is drawn in some way. */
  let isWhole = false;
  /** The parser cannot be had. */
  let isUnread = false;
  function restart(): void {
    blocks = undefined;
    sheet.clear();
  }
  /** In parts while that is seen. */
  function redraw(): void {
    if (nearness === "near" || nearness === "idle") inSlices(draw, nearness === "near");
    else while (!draw());
  }
  /** Draws some of what has come; returns whether that is all. */
  function draw(): boolean {
    isWhole = drawMore();
    return isWhole;
  }
  function drawMore(): boolean {
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
    const { settled, tail, more } = blocks.grow(lines, isOver);
    for (const block of settled) sheet.settle(block);
    // A look that settles nothing yet leaves the end as it is: without it the page would be shorter for a frame, and scroll.
    if (settled.length > 0 || tail.length > 0 || !more) sheet.end(tail, isOver);
    return !more;
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
      // From idle to near nothing changes, unless the parser or some of the text is still missing.
      if (where === "far" || isStale || !isWhole || !blocks) redraw();
    },
    show(next, over) {
      if (next === text && over === isOver) return;
      if (!next.startsWith(text)) restart();
      text = next;
      lines = next.includes("\r") ? next.replaceAll(/\r\n?/g, "\n") : next;
      isOver = over;
      isWhole = false;
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

function copyCode({ target }: MouseEvent): void {
  if (!(target instanceof HTMLButtonElement) || !target.classList.contains("copy-code")) return;
  const code = target.closest("figure")?.querySelector("pre")?.textContent ?? "";
  void navigator.clipboard?.writeText(code).then(
    () => (target.textContent = say("copied")),
    () => (target.textContent = say("couldNotCopy")),
  );
}
