import type { Turn } from "@docrelay/client";
import { element } from "../frame/element.ts";
import { inSentence } from "../files/file-name.ts";
import type { AnswerText } from "../markdown/answer-text.ts";
import { duration, pageRun, pageRuns } from "../words/numbers.ts";
import { say } from "../words/say.ts";

export interface FootActions {
  /** Shows a page of one of the ask's files. */
  open(ask: Turn, file: number, page: number): void;
  /** Puts the question into the composer. The next ask then replaces this one. */
  revise(ask: Turn): void;
  /** Asks the same question again, as a new version of this ask. */
  regenerate(ask: Turn): void;
}

/**
 * Shows what stands under an answer: its cited pages, how long it took, and its buttons. `isOld`: a newer version has
 * replaced the answer.
 */
export function showFoot(
  place: HTMLElement,
  ask: Turn,
  {
    answer,
    actions,
    isOld,
    feedback,
  }: { answer: AnswerText; actions: FootActions; isOld: boolean; feedback: HTMLElement },
): void {
  place.hidden = ask.state !== "completed" && ask.state !== "cancelled";
  if (place.hidden) return;
  const { open } = actions;
  const { citations = [] } = ask;
  const cites = [...new Set(citations.map(({ file }) => file))].map((file) => {
    const cited = citations.filter((one) => one.file === file).map(({ page }) => page);
    const name = ask.files[file]?.name ?? "file";
    const pages = pageRuns([...new Set(cited)].toSorted((one, other) => one - other)).map(([from, to]) => {
      const label = pageRun(from, to);
      const title =
        from === to
          ? say("openAt", { name: inSentence(name), page: label })
          : say("openAtPages", { name: inSentence(name), pages: label });
      return element(
        "button",
        { type: "button", class: "open", title, "aria-label": title, click: () => open(ask, file, from) },
        label,
      );
    });
    const list = pages.flatMap((page, index) => (index === 0 ? [page] : [say("comma"), page]));
    return element(
      "span",
      { class: "chip cite" },
      element("bdi", { class: "name" }, name),
      `\u00a0· ${say("pageShort")}\u00a0`,
      ...list,
    );
  });
  const copy = element("button", { class: "quiet", type: "button" }, say("copy"));
  // Browsers offer a clipboard only over HTTPS and on localhost.
  copy.hidden = !("clipboard" in navigator);
  copy.addEventListener("click", () => {
    void navigator.clipboard.writeText(ask.text).then(
      () => (copy.textContent = say("copied")),
      () => (copy.textContent = say("couldNotCopy")),
    );
  });
  const cut = ask.truncated === true ? [element("span", { class: "by" }, say("cut"))] : [];
  const plain = element("button", { class: "quiet", type: "button", "aria-pressed": "false" }, say("plainText"));
  plain.addEventListener("click", () => {
    const isPlain = plain.getAttribute("aria-pressed") !== "true";
    plain.setAttribute("aria-pressed", String(isPlain));
    answer.plain(isPlain);
  });
  const button = (label: string, title: string, click: () => void): HTMLElement =>
    element("button", { class: "quiet", type: "button", title, click }, label);
  const again = isOld
    ? []
    : [
        button(say("edit"), say("editTitle"), () => actions.revise(ask)),
        button(say("regenerate"), say("regenerateTitle"), () => actions.regenerate(ask)),
      ];
  const whole = ask.text === "" ? [] : [plain, copy];
  place.replaceChildren(...cites, ...cut, aboutOf(ask), ...again, ...whole, ...(isOld ? [] : [feedback]));
}

/**
 * Returns an element with the engine, the time taken and the number of pages. When opened, it also shows the id by
 * which an operator finds the ask in logs and traces.
 */
function aboutOf({ id, engine, timings, files }: Turn): HTMLElement {
  const pages = files.reduce((sum, file) => sum + (file.pages ?? 0), 0);
  const about = [
    ...(engine === undefined ? [] : [engine]),
    ...(timings ? [say("answeredIn", { time: duration(timings.totalMs) })] : []),
    ...(pages > 0 ? [say("pages", { n: pages })] : []),
  ];
  const summary = element("summary", {}, about.length > 0 ? about.join(" · ") : say("reference"));
  return element("details", { class: "by" }, summary, `${say("reference")} `, element("code", {}, id));
}
