import { isOver, type Turn, type TurnFile } from "@docrelay/client";
import { element } from "./element.ts";
import { pageList, seconds, size, wordsFor } from "./words.ts";

export interface AskActions {
  again(ask: Turn, password?: { file: number; password: string }): void;
}

/** One ask on the page; `show` patches what has changed and nothing else. */
export interface AskElement {
  readonly root: HTMLLIElement;
  show(ask: Turn): void;
}

export function createAskElement(actions: AskActions): AskElement {
  const words = element("p", { class: "words" });
  const files = element("div", { class: "foot" });
  const notes = element("div");
  const text = element("p", { class: "text" });
  const status = element("div");
  const foot = element("div", { class: "foot" });
  const answer = element("div", { class: "answer" }, text, status, foot);
  const root = element("li", { class: "ask" }, element("div", { class: "asked" }, words, files, notes), answer);
  let shown: Turn | undefined;

  return {
    root,
    show(ask) {
      if (ask === shown) return;
      if (ask.question !== shown?.question) {
        words.textContent = ask.question;
        words.hidden = ask.question === "";
      }
      if (ask.files !== shown?.files) {
        files.replaceChildren(...ask.files.map((file) => fileChip(file)));
        notes.replaceChildren(...ask.files.flatMap((file) => fileNotes(file)));
      }
      if (ask.text !== shown?.text) showText(text, ask.text);
      if (changed(ask, shown, "state", "attempt", "progress", "error", "text")) showStatus(status, ask, actions);
      if (changed(ask, shown, "state")) showFoot(foot, ask);
      answer.dataset["state"] = stageOf(ask);
      answer.setAttribute("aria-busy", String(!isOver(ask)));
      shown = ask;
    },
  };
}

function changed(ask: Turn, shown: Turn | undefined, ...keys: Array<keyof Turn>): boolean {
  return keys.some((key) => ask[key] !== shown?.[key]);
}

/** Appends the new part of a growing answer; an answer that does not begin with the shown text replaces it. */
function showText(place: HTMLElement, text: string): void {
  const now = place.textContent ?? "";
  if (text.startsWith(now)) place.append(text.slice(now.length));
  else place.textContent = text;
}

function fileChip({ name, size: bytes, pages }: TurnFile): HTMLElement {
  const about = [size(bytes), ...(pages === undefined ? [] : [`${pages} ${pages === 1 ? "page" : "pages"}`])].join(
    " · ",
  );
  return element(
    "span",
    { class: "chip" },
    element("span", { class: "name", title: name }, name),
    element("small", {}, about),
  );
}

const MISSING = {
  scan: "scans that could not be read",
  unnamed: "written in a font that does not say which letters it has",
  error: "damaged",
  limit: "left out, over a limit",
};

function fileNotes({ name, missing = [], ocr = [], truncated = false }: TurnFile): HTMLElement[] {
  const lines = (["scan", "unnamed", "error", "limit"] as const).flatMap((reason) => {
    const pages = missing.filter((one) => one.reason === reason).map(({ page }) => page);
    return pages.length === 0
      ? []
      : [`${name}: ${pages.length === 1 ? "page" : "pages"} ${pageList(pages)} ${MISSING[reason]}`];
  });
  if (ocr.length > 0) lines.push(`${name}: pages ${pageList(ocr)} were read from pictures and may hold mistakes`);
  if (truncated) lines.push(`${name}: only the beginning was read, the file is too long`);
  return lines.map((line) => element("p", { class: "note" }, line));
}

function showStatus(place: HTMLElement, ask: Turn, actions: AskActions): void {
  if (ask.state === "failed" && ask.error) return place.replaceChildren(failure(ask, actions));
  if (ask.state === "cancelled")
    return place.replaceChildren(element("p", { class: "status" }, "You stopped this answer."));
  const hidden = isOver(ask) || ask.text !== "";
  if (hidden) return place.replaceChildren();
  const { text, part } = progressOf(ask);
  const line = element("p", { class: "status busy" }, text);
  const bar = part === undefined ? [] : [element("progress", { value: part, max: 1, "aria-label": text })];
  // An existing bar is updated, not replaced: a new element would not move smoothly from the old value.
  const old = place.querySelector("progress");
  if (old && part !== undefined && place.firstElementChild) {
    place.firstElementChild.textContent = text;
    old.value = part;
    old.setAttribute("aria-label", text);
  } else place.replaceChildren(line, ...bar);
}

/** A running turn is `asking` from the first call of the engine. */
export function stageOf({ state, attempt }: Turn): Exclude<Turn["state"], "running"> | "waiting" | "asking" {
  return state !== "running" ? state : attempt > 0 ? "asking" : "waiting";
}

/** What is going on, in words, and how far (0 to 1) where that is known. */
export function progressOf(ask: Turn): { text: string; part?: number } {
  const { progress } = ask;
  const name = (file: number | undefined): string => ask.files[file ?? 0]?.name ?? "your file";
  if (progress?.stage === "waiting-for-engine" && ask.attempt < (progress.attempt ?? 0))
    return { text: "The engine is restarting. Your question is asked as soon as it is back…" };
  if (ask.attempt > 0) return { text: "The engine is thinking…" };
  switch (progress?.stage) {
    case "uploading":
      return {
        text: `Sending ${name(progress.file)} (${size(progress.sent)} of ${size(progress.size)})`,
        part: progress.sent / Math.max(1, progress.size),
      };
    case "extracting": {
      const { page, pages } = progress;
      if (page === undefined || pages === undefined) return { text: `Reading ${name(progress.file)}…` };
      return { text: `Reading ${name(progress.file)}: page ${page} of ${pages}`, part: page / Math.max(1, pages) };
    }
    case "queued":
      return {
        text:
          progress.position && progress.position > 1
            ? `Waiting: number ${progress.position} in line`
            : "Waiting its turn…",
      };
    case "asking":
      return { text: "The engine is thinking…" };
    default:
      return {
        text: ask.state === "sending" ? "Sending…" : ask.files.length > 0 ? "Reading your files…" : "Waiting its turn…",
      };
  }
}

function failure(ask: Turn, actions: AskActions): HTMLElement {
  const error = ask.error?.wire;
  const file = error?.file;
  const words = wordsFor(error ?? { code: "INTERNAL" }, file === undefined ? undefined : ask.files[file]?.name);
  const box = element("div", { class: "failure" }, element("strong", {}, words.what), words.advice);
  if (error?.code === "PDF_ENCRYPTED" && file !== undefined) {
    const input = element("input", {
      type: "password",
      "aria-label": "Password of the PDF",
      placeholder: "Password",
      autocomplete: "off",
    });
    const send = (event: globalThis.Event): void => {
      event.preventDefault();
      if (input.value) actions.again(ask, { file, password: input.value });
    };
    box.append(
      element(
        "form",
        { class: "acts", submit: send },
        input,
        element("button", { class: "quiet", type: "submit" }, "Ask with password"),
      ),
    );
  } else if (words.again) {
    box.append(
      element(
        "div",
        { class: "acts" },
        element("button", { class: "quiet", type: "button", click: () => actions.again(ask) }, "Ask again"),
      ),
    );
  }
  return box;
}

function showFoot(place: HTMLElement, ask: Turn): void {
  place.hidden = ask.state !== "completed";
  if (place.hidden) return;
  const by = ask.timings ? `answered in ${seconds(ask.timings.totalMs)}` : "";
  const { citations = [] } = ask;
  const cites = [...new Set(citations.map(({ file }) => file))].map((file) => {
    const cited = citations.filter((one) => one.file === file).map(({ page }) => page);
    const pages = pageList([...new Set(cited)].toSorted((one, other) => one - other));
    return element("span", { class: "chip cite" }, `${ask.files[file]?.name ?? "file"} · p. ${pages}`);
  });
  const copy = element("button", { class: "quiet", type: "button" }, "Copy");
  // Browsers have a clipboard over HTTPS and on localhost only.
  copy.hidden = !("clipboard" in navigator);
  copy.addEventListener("click", () => {
    void navigator.clipboard.writeText(ask.text).then(
      () => (copy.textContent = "Copied"),
      () => (copy.textContent = "Could not copy"),
    );
  });
  const cut =
    ask.truncated === true
      ? [element("span", { class: "by" }, "The answer was cut: it is longer than is allowed")]
      : [];
  place.replaceChildren(...cites, ...cut, element("span", { class: "by" }, by), copy);
}
