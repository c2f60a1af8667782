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
  /** Shows a page of a file beside the answer; `answer`: the sentence that it speaks of is marked. */
  open(file: Viewed, page: number, answer?: string): void;
  close(): void;
}

const SENTENCES = {
  gone: "fileGone",
  protected: "fileProtected",
  unloaded: "fileUnloaded",
  unreadable: "fileUnreadable",
} as const satisfies Record<NotShown, Key>;

/** The document beside the answer; on small screens a sheet over it. */
export function createViewer(frame: Frame, relay: Pick<Relay, "download" | "uploads">): Viewer {
  const root = frame.find("viewer", HTMLElement);
  const title = element("h2", { tabindex: -1, dir: "auto" });
  const number = element("input", { type: "number", min: 1, inputmode: "numeric", "aria-label": say("page") });
  const count = element("span");
  const previous = button("‹", say("previousPage"), () => go(page - 1));
  const next = button("›", say("nextPage"), () => go(page + 1));
  const reading = button(say("whatWasRead"), undefined, () => toggleReading());
  const sheet = element("div", { class: "sheet" });
  const read = element("div", { class: "read", dir: "auto", tabindex: 0 });
  const said = element("p", { class: "said", role: "status" });
  const retry = button(say("tryAgain"), undefined, () => void load());
  const body = element(
    "div",
    { class: "pages", tabindex: 0, role: "region", "aria-label": say("page") },
    said,
    retry,
    sheet,
    read,
  );
  root.append(
    element("header", {}, title, button("×", say("closeDocument"), close)),
    element("div", { class: "tools" }, previous, number, count, next, reading),
    body,
  );
  let file: Viewed | undefined;
  let pdf: Pdf | undefined;
  let page = 1;
  let answer = "";
  let texts: readonly string[] | undefined;
  let isReading = false;
  let opener: Element | null = null;
  /** What is being loaded, or shown, is no longer wanted when its number has changed. */
  let loads = 0;
  let turn = 0;
  let width = 0;

  function close(): void {
    if (root.hidden) return;
    loads++;
    turn++;
    pdf?.close();
    [pdf, file, texts] = [undefined, undefined, undefined];
    sheet.replaceChildren();
    root.hidden = true;
    frame.body.classList.remove("beside");
    if (opener instanceof HTMLElement) opener.focus();
  }
  function tell(sentence: string, isFailure = false): void {
    said.textContent = sentence;
    said.hidden = sentence === "";
    retry.hidden = !isFailure;
  }
  function showNumbers(): void {
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
  async function load(): Promise<void> {
    if (!file) return;
    const mine = ++loads;
    tell(say("loadingDocument"));
    const opened = await openViewed(relay, file);
    if (mine !== loads) return typeof opened === "string" ? undefined : opened.close();
    if (typeof opened === "string") return fail(opened);
    pdf = opened;
    tell("");
    await show();
  }
  function fail(why: NotShown): void {
    tell(say(SENTENCES[why]), why === "unloaded");
    sheet.replaceChildren();
    // What was read is kept longer than the file.
    if (why === "gone" && file?.upload !== undefined) toggleReading(true);
    showNumbers();
  }
  async function show(): Promise<void> {
    showNumbers();
    if (isReading) return showRead();
    if (!pdf) return;
    const mine = ++turn;
    try {
      page = Math.min(Math.max(1, page), pdf.pages);
      showNumbers();
      const text = await pdf.draw(page, sheet);
      if (mine !== turn) return;
      width = sheet.clientWidth;
      const mark = showMarks(text.elements, quoteOf(text.pieces, answer));
      if (mark) mark.scrollIntoView({ block: "center" });
      else body.scrollTop = 0;
    } catch (error) {
      if (mine === turn) fail(whyNot(error));
    }
  }
  async function showRead(): Promise<void> {
    const of = file;
    if (of?.upload === undefined) return;
    const mine = ++turn;
    try {
      const { pages } = texts ? { pages: texts } : await relay.uploads.text(of.upload);
      if (file === of) texts = pages;
    } catch (error) {
      const words = error instanceof RelayError ? wordsFor(error.wire).what : say("fileUnreadable");
      if (mine === turn) read.textContent = words;
      return;
    }
    if (mine !== turn) return;
    const missing = of.missing?.find((one) => one.page === page);
    const text = texts?.[page - 1] ?? "";
    read.textContent = missing ? missingPage(missing) : text === "" ? say("nothingRead") : text;
    showNumbers();
  }
  function toggleReading(to = !isReading): void {
    isReading = to;
    void show();
  }
  function go(to: number): void {
    if (!Number.isInteger(to) || to < 1 || to > Number(number.max || to)) return showNumbers();
    page = to;
    void show();
  }

  number.addEventListener("change", () => go(number.valueAsNumber));
  const [back, forward] = isRightToLeft() ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.shiftKey) {
      // It closes the document, and stops no answer.
      event.stopPropagation();
      close();
    } else if (event.target === number || event.altKey || event.ctrlKey || event.metaKey) return;
    else if (event.key === forward || event.key === "PageDown") go(page + 1);
    else if (event.key === back || event.key === "PageUp") go(page - 1);
  });
  new ResizeObserver(() => {
    if (pdf && !isReading && sheet.clientWidth > 0 && width > 0 && Math.abs(sheet.clientWidth - width) > 8) void show();
  }).observe(sheet);

  return {
    open(wanted, at, text = "") {
      opener = frame.focused();
      const isSame = file && pdf && file.upload === wanted.upload && file.local === wanted.local;
      [page, answer, isReading] = [at, text, false];
      title.textContent = wanted.name;
      root.hidden = false;
      frame.body.classList.add("beside");
      title.focus();
      if (isSame) return void show();
      turn++;
      pdf?.close();
      [pdf, texts, file, width] = [undefined, undefined, wanted, 0];
      sheet.replaceChildren();
      showNumbers();
      void load();
    },
    close,
  };
}

function button(text: string, label: string | undefined, click: () => void): HTMLButtonElement {
  return element("button", { type: "button", class: "quiet", "aria-label": label, title: label, click }, text);
}
