import { RelayError, type Turn } from "@docrelay/client";
import { element } from "../frame/element.ts";
import { wordsFor } from "../words/errors.ts";
import { say } from "../words/say.ts";

export type GiveFeedback = (ask: Turn, verdict: "up" | "down" | "none", word?: string) => Promise<void>;

/** Two buttons under an answer, and a field for a comment. */
export interface Feedback {
  readonly root: HTMLElement;
  show(ask: Turn): void;
}

const MAX_WORD = 500;
const THUMB = "M7 11v9H4v-9h3l4-8a2.5 2.5 0 0 1 2.5 2.5V9h5a2 2 0 0 1 2 2.3l-1.2 7a2 2 0 0 1-2 1.7H7";

export function createFeedback(give: GiveFeedback): Feedback {
  const said = element("span", { role: "status" });
  const word = element("input", {
    maxlength: MAX_WORD,
    "aria-label": say("feedbackWord"),
    placeholder: say("feedbackWord"),
    autocomplete: "off",
  });
  const submit = element("button", { type: "submit", class: "quiet" }, say("send"));
  const form = element("form", { hidden: true }, word, submit);
  const up = thumb("up", say("goodAnswer"));
  const down = thumb("down", say("badAnswer"));
  const buttons = element("span", { role: "group", "aria-label": say("rateAnswer") }, up, down);
  const root = element("div", { class: "feedback" }, buttons, form, said);
  let shown: Turn | undefined;

  async function send(verdict: "up" | "down" | "none", text?: string): Promise<boolean> {
    if (!shown) return false;
    said.textContent = "";
    try {
      await give(shown, verdict, text);
      return true;
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      said.textContent = wordsFor(error.wire).what;
      return false;
    }
  }
  async function press(verdict: "up" | "down"): Promise<void> {
    const isTaken = shown?.feedback?.verdict === verdict;
    if (!(await send(isTaken ? "none" : verdict))) return;
    form.hidden = isTaken;
  }
  up.addEventListener("click", () => void press("up"));
  down.addEventListener("click", () => void press("down"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const verdict = shown?.feedback?.verdict;
    if (verdict === undefined || word.value.trim() === "") return;
    void send(verdict, word.value.trim()).then((isSent) => {
      if (!isSent) return;
      // The field that had the focus is removed, so the focus moves to the button.
      (verdict === "up" ? up : down).focus();
      form.hidden = true;
      said.textContent = say("feedbackThanks");
    });
  });
  return {
    root,
    show(ask) {
      if (ask.id !== shown?.id) {
        form.hidden = true;
        said.textContent = "";
        word.value = ask.feedback?.word ?? "";
      }
      shown = ask;
      up.setAttribute("aria-pressed", String(ask.feedback?.verdict === "up"));
      down.setAttribute("aria-pressed", String(ask.feedback?.verdict === "down"));
    },
  };
}

function thumb(which: "up" | "down", title: string): HTMLButtonElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", THUMB);
  svg.append(path);
  return element("button", { type: "button", class: `thumb ${which}`, title, "aria-label": title }, svg);
}
