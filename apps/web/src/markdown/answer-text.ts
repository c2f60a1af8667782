import { element } from "../frame/element.ts";
import type { Blocks } from "../parsing/blocks.ts";
import type { Nearness } from "./near.ts";
import { loadParser, type Parser } from "./parser.ts";
import { createSheet } from "./sheet.ts";
import { inSlices } from "./slices.ts";
import { say } from "../words/say.ts";

/** The text of an answer. Shows it as drawn Markdown, also while it is written, or shows its Markdown source. */
export interface AnswerText {
  readonly root: HTMLElement;
  /**
   * Sets how near the answer is to what the reader sees. Before the first call, the answer counts as near. A far answer
   * is shown as Markdown source, because drawing hundreds of answers takes many seconds. If `where` is undefined, the
   * answer's place is not known yet, and nothing is drawn.
   */
  come(where: Nearness | undefined): void;
  /** Shows the text so far. `isOver`: the text is complete. */
  show(text: string, isOver: boolean): void;
  /** Sets whether the answer is shown as its Markdown source. */
  plain(isPlain: boolean): void;
}

// oxlint-disable-next-line max-lines-per-function -- draws one answer: its parts share what is drawn so far
export function createAnswerText(): AnswerText {
  const root = element("div", { class: "text" });
  const sheet = createSheet(root);
  root.addEventListener("click", copyCode);
  /**
   * The Markdown parser; undefined until it has loaded. Before that no text is shown, because it could be shown only as
   * source.
   */
  let parser: Parser | undefined;
  let blocks: Blocks | undefined;
  let text = "";
  /** `text` with each line end replaced by `\n`, as the parser requires. */
  let lines = "";
  let isOver = false;
  let isPlain = false;
  let nearness: Nearness | undefined = "near";
  /**
   * Whether the text is drawn as source only because the answer was `far` (out of sight), so that it must be drawn
   * again as Markdown when its `nearness` changes.
   */
  let isStale = false;
  /** Whether the whole text is drawn, as Markdown or as source. */
  let isWhole = false;
  /** Whether the parser could not be loaded; then the text is shown as source. */
  let isUnread = false;
  function restart(): void {
    blocks = undefined;
    sheet.clear();
  }
  /**
   * Draws the answer: if its `nearness` is `near` or `idle`, in slices of a few ms, so that the page stays responsive;
   * otherwise all at once.
   */
  function redraw(): void {
    if (nearness === "near" || nearness === "idle") inSlices(draw, nearness === "near");
    else while (!draw());
  }
  /** Draws a part of the text that has arrived. Returns whether all of it is drawn. */
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
    // If this call of `grow` has found no complete block, and text is left to parse, the blocks of the unfinished end
    // that are on the page stay there. Without them the page would be shorter for a frame, and would scroll.
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
      // An answer that goes from `idle` to `near` is drawn already, unless the parser had not loaded yet or only a part
      // of the text was drawn.
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

/** Shows the source of an answer. If the answer has only grown, just the new part is appended. */
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
