import type { Turn } from "@docrelay/client";
import { element } from "../frame/element.ts";
import { inSentence } from "../files/file-name.ts";
import { wordsFor } from "../words/errors.ts";
import { say } from "../words/say.ts";

export interface FailureActions {
  /** Asks the same question again, with the given change. */
  again(ask: Turn, change?: { file: number; password: string } | { without: number }): void;
  /** Puts the question back into the composer. */
  edit(ask: Turn): void;
}

/**
 * Shows what went wrong with an ask, and buttons to continue, such as one to ask again. Asking again removes the
 * buttons, so that the question is asked again only once.
 */
export function failureBox(ask: Turn, actions: FailureActions): HTMLElement {
  const error = ask.error?.wire;
  const file = error?.file;
  const named = ask.files[file ?? -1]?.name;
  const words = wordsFor(error ?? { code: "INTERNAL" }, named === undefined ? undefined : inSentence(named));
  const acts = element("div", { class: "acts" });
  const again = (change?: Parameters<FailureActions["again"]>[1]): void => {
    acts.remove();
    actions.again(ask, change);
  };
  const button = (label: string, click: () => void): HTMLElement =>
    element("button", { class: "quiet", type: "button", click }, label);

  if (error?.code === "PDF_ENCRYPTED" && file !== undefined)
    acts.append(passwordForm((password) => again({ file, password })));
  else if (words.again) acts.append(button(say("askAgain"), () => again()));
  if (file !== undefined && named !== undefined && ask.files.length > 1)
    acts.append(button(say("askWithout", { name: inSentence(named) }), () => again({ without: file })));
  if (ask.question !== "") acts.append(button(say("edit"), () => actions.edit(ask)));
  const trace = error?.trace ?? ask.id;
  const reference = element("small", {}, `${say("reference")} `, element("code", {}, trace));
  return element("div", { class: "failure" }, element("strong", {}, words.what), words.advice, reference, acts);
}

function passwordForm(ask: (password: string) => void): HTMLElement {
  const input = element("input", {
    type: "password",
    "aria-label": say("pdfPassword"),
    placeholder: say("password"),
    autocomplete: "off",
  });
  const submit = (event: globalThis.Event): void => {
    event.preventDefault();
    if (input.value) ask(input.value);
  };
  return element(
    "form",
    { submit },
    input,
    element("button", { class: "quiet", type: "submit" }, say("askWithPassword")),
  );
}
