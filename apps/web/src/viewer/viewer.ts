import { RelayError, type Relay } from "@docrelay/client";
import { element } from "../frame/element.ts";
import type { Frame } from "../frame/frame.ts";
import { missingPage } from "../files/missing.ts";
import { wordsFor } from "../words/errors.ts";
import type { Pdf } from "../lazy/pdf.ts";
import { openViewed, whyNot, type NotShown, type Viewed } from "./document.ts";
import { showMarks } from "./marks.ts";
import { quoteOf } from "./quote.ts";
import type { Key } from "../words/language.ts";
import { isRightToLeft, say } from "../words/say.ts";

export interface Viewer {
  /**
   * Shows a page of a file beside the answer. `answer` is the sentence of the answer that cites the page; the sentence
   * of the page that fits it best is marked.
   */
  open(file: Viewed, page: number, answer?: string): void;
  close(): void;
}

const SENTENCES = {
  gone: "fileGone",
  protected: "fileProtected",
  unloaded: "fileUnloaded",
  unreadable: "fileUnreadable",
} as const satisfies Record<NotShown, Key>;

/** Shows a document beside the answer, or on small screens as a sheet over it. */
export function createViewer(frame: Frame, relay: Pick<Relay, "download" | "uploads">): Viewer {
  const root = frame.find("viewer", HTMLElement);
  const view: View = {
    relay,
    parts: partsOf({
      turnBy: (pages) => go(view, view.page + pages),
      turnTo: (page) => go(view, page),
      toggleReading: () => setReading(view, !view.isReading),
      retry: () => void load(view),
      close,
    }),
    ...NOTHING,
    page: 1,
    answer: "",
    isReading: false,
    loads: 0,
    turn: 0,
  };
  const { title, sheet } = view.parts;
  root.append(...view.parts.all);
  let opener: Element | null = null;

  function close(): void {
    if (root.hidden) return;
    view.loads++;
    put(view, NOTHING);
    root.hidden = true;
    frame.body.classList.remove("beside");
    if (opener instanceof HTMLElement) opener.focus();
  }
  hearKeys(root, view, close);
  new ResizeObserver(() => {
    const { pdf, isReading, width } = view;
    if (pdf && !isReading && sheet.clientWidth > 0 && width > 0 && Math.abs(sheet.clientWidth - width) > 8) {
      void show(view);
    }
  }).observe(sheet);

  return {
    open(file, page, answer = "") {
      opener = frame.focused();
      const isSame = view.file && view.pdf && view.file.upload === file.upload && view.file.local === file.local;
      Object.assign(view, { page, answer, isReading: false });
      title.textContent = file.name;
      root.hidden = false;
      frame.body.classList.add("beside");
      title.focus();
      if (isSame) return void show(view);
      put(view, { ...NOTHING, file });
      showNumbers(view);
      void load(view);
    },
    close,
  };
}

interface Opened {
  readonly file: Viewed | undefined;
  pdf: Pdf | undefined;
  /** The extracted texts of the pages, once they were requested. */
  texts: readonly string[] | undefined;
  /** The width of the element `sheet` when a page was last drawn in it, in CSS pixels. */
  width: number;
}

const NOTHING: Opened = { file: undefined, pdf: undefined, texts: undefined, width: 0 };

interface View extends Opened {
  readonly relay: Pick<Relay, "download" | "uploads">;
  readonly parts: Parts;
  page: number;
  answer: string;
  isReading: boolean;
  /** How many loads were begun. The result of a load that is not the last one is dropped. */
  loads: number;
  turn: number;
}

/** Replaces the opened document, and closes the one before. */
function put(view: View, opened: Opened): void {
  view.turn++;
  view.pdf?.close();
  Object.assign(view, opened);
  view.parts.sheet.replaceChildren();
}

async function load(view: View): Promise<void> {
  if (!view.file) return;
  const mine = ++view.loads;
  tell(view.parts, say("loadingDocument"));
  const opened = await openViewed(view.relay, view.file);
  if (mine !== view.loads) return typeof opened === "string" ? undefined : opened.close();
  if (typeof opened === "string") return fail(view, opened);
  view.pdf = opened;
  tell(view.parts, "");
  await show(view);
}

function fail(view: View, why: NotShown): void {
  tell(view.parts, say(SENTENCES[why]), why === "unloaded");
  view.parts.sheet.replaceChildren();
  // The server keeps the extracted text longer than the file, so the text may still be shown.
  if (why === "gone" && view.file?.upload !== undefined) setReading(view, true);
  showNumbers(view);
}

function tell({ said, retry }: Parts, sentence: string, isFailure = false): void {
  said.textContent = sentence;
  said.hidden = sentence === "";
  retry.hidden = !isFailure;
}

function showNumbers({ parts, pdf, file, texts, page, isReading }: View): void {
  const { number, count, previous, next, reading, sheet, read } = parts;
  const pages = pdf?.pages ?? file?.pages ?? texts?.length;
  number.value = String(page);
  number.max = String(pages ?? "");
  count.textContent = pages === undefined ? "" : say("ofPages", { pages });
  previous.disabled = page <= 1;
  next.disabled = pages !== undefined && page >= pages;
  reading.hidden = file?.upload === undefined;
  reading.setAttribute("aria-pressed", String(isReading));
  sheet.hidden = isReading;
  read.hidden = !isReading;
}

async function show(view: View): Promise<void> {
  showNumbers(view);
  if (view.isReading) return showRead(view);
  const { pdf, parts } = view;
  if (!pdf) return;
  const mine = ++view.turn;
  try {
    view.page = Math.min(Math.max(1, view.page), pdf.pages);
    showNumbers(view);
    const text = await pdf.draw(view.page, parts.sheet);
    if (mine !== view.turn) return;
    view.width = parts.sheet.clientWidth;
    const mark = showMarks(text.elements, quoteOf(text.pieces, view.answer));
    if (mark) mark.scrollIntoView({ block: "center" });
    else parts.body.scrollTop = 0;
  } catch (error) {
    if (mine === view.turn) fail(view, whyNot(error));
  }
}

async function showRead(view: View): Promise<void> {
  const { file, parts } = view;
  if (file?.upload === undefined) return;
  const mine = ++view.turn;
  try {
    const { pages } = view.texts ? { pages: view.texts } : await view.relay.uploads.text(file.upload);
    if (view.file === file) view.texts = pages;
  } catch (error) {
    const words = error instanceof RelayError ? wordsFor(error.wire).what : say("fileUnreadable");
    if (mine === view.turn) parts.read.textContent = words;
    return;
  }
  if (mine !== view.turn) return;
  const missing = file.missing?.find((one) => one.page === view.page);
  const text = view.texts?.[view.page - 1] ?? "";
  parts.read.textContent = missing ? missingPage(missing) : text === "" ? say("nothingRead") : text;
  showNumbers(view);
}

function setReading(view: View, to: boolean): void {
  view.isReading = to;
  void show(view);
}

function go(view: View, to: number): void {
  if (!Number.isInteger(to) || to < 1 || to > Number(view.parts.number.max || to)) return showNumbers(view);
  view.page = to;
  void show(view);
}

function hearKeys(root: HTMLElement, view: View, close: () => void): void {
  const [back, forward] = isRightToLeft() ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.shiftKey) {
      // Escape closes the document here; it must not also stop an answer.
      event.stopPropagation();
      close();
    } else if (event.target === view.parts.number || event.altKey || event.ctrlKey || event.metaKey) return;
    else if (event.key === forward || event.key === "PageDown") go(view, view.page + 1);
    else if (event.key === back || event.key === "PageUp") go(view, view.page - 1);
  });
}

type Parts = ReturnType<typeof partsOf>;

interface Actions {
  turnBy(pages: number): void;
  turnTo(page: number): void;
  toggleReading(): void;
  retry(): void;
  close(): void;
}

function partsOf(on: Actions) {
  const title = element("h2", { tabindex: -1, dir: "auto" });
  const number = element("input", { type: "number", min: 1, inputmode: "numeric", "aria-label": say("page") });
  number.addEventListener("change", () => on.turnTo(number.valueAsNumber));
  const count = element("span");
  const previous = button("‹", say("previousPage"), () => on.turnBy(-1));
  const next = button("›", say("nextPage"), () => on.turnBy(1));
  const reading = button(say("whatWasRead"), undefined, on.toggleReading);
  const sheet = element("div", { class: "sheet" });
  const read = element("div", { class: "read", dir: "auto", tabindex: 0 });
  const said = element("p", { class: "said", role: "status" });
  const retry = button(say("tryAgain"), undefined, on.retry);
  const look = { class: "pages", tabindex: 0, role: "region", "aria-label": say("page") };
  const body = element("div", look, said, retry, sheet, read);
  const all = [
    element("header", {}, title, button("×", say("closeDocument"), on.close)),
    element("div", { class: "tools" }, previous, number, count, next, reading),
    body,
  ];
  return { title, number, count, previous, next, reading, sheet, read, said, retry, body, all };
}

function button(text: string, label: string | undefined, click: () => void): HTMLButtonElement {
  return element("button", { type: "button", class: "quiet", "aria-label": label, title: label, click }, text);
}
