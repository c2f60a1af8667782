import { RelayError, type Turn } from "@docrelay/client";
import { element } from "../frame/element.ts";
import { wordsFor } from "../words/errors.ts";
import { say } from "../words/say.ts";

type Verdict = "up" | "down";
export type GiveFeedback = (ask: Turn, verdict: Verdict | "none", word?: string) => Promise<void>;

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
  /** The newest verdict that the server has acknowledged. `shown.feedback` may still have an older one. */
  let verdict: Verdict | undefined;

  function paint(): void {
    up.setAttribute("aria-pressed", String(verdict === "up"));
    down.setAttribute("aria-pressed", String(verdict === "down"));
  }
  async function send(next: Verdict | "none", text?: string): Promise<boolean> {
    if (!shown) return false;
    said.textContent = "";
    try {
      await give(shown, next, text);
      return true;
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      said.textContent = wordsFor(error.wire).what;
      return false;
    }
  }
  async function press(pressed: Verdict): Promise<void> {
    const isTaken = verdict === pressed;
    const rated = shown;
    if (!(await send(isTaken ? "none" : pressed)) || shown?.id !== rated?.id) return;
    verdict = isTaken ? undefined : pressed;
    form.hidden = isTaken;
    paint();
  }
  up.addEventListener("click", () => void press("up"));
  down.addEventListener("click", () => void press("down"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [rated, of] = [verdict, shown];
    if (rated === undefined || word.value.trim() === "") return;
    void send(rated, word.value.trim()).then((isSent) => {
      // While the feedback was sent, the page may have changed to another version of the answer, whose buttons must
      // stay as they are.
      if (!isSent || shown?.id !== of?.id) return;
      // The form is hidden, and its field had the focus. So the focus moves to the button of the verdict.
      (rated === "up" ? up : down).focus();
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
      if (ask.id !== shown?.id || ask.feedback?.verdict !== shown.feedback?.verdict) verdict = ask.feedback?.verdict;
      shown = ask;
      paint();
    },
  };
}

function thumb(which: Verdict, title: string): HTMLButtonElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", THUMB);
  svg.append(path);
  return element("button", { type: "button", class: `thumb ${which}`, title, "aria-label": title }, svg);
}
