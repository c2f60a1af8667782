import type { ListedConversation } from "@docrelay/client";
import { element } from "../frame/element.ts";
import { say, spokenTag } from "../words/say.ts";

export interface RowActions {
  open(): void;
  rename(title: string): Promise<void>;
  remove(): Promise<void>;
}

const MAX_TITLE = 200;

/**
 * Makes the row of a conversation in the list. Deleting takes two presses, because a deleted conversation cannot be
 * restored.
 */
export function createRow(
  { title, at, asks, files }: ListedConversation,
  isShown: boolean,
  actions: RowActions,
): HTMLElement {
  const button = (label: string, name: string, click: () => void): HTMLButtonElement =>
    element("button", { type: "button", class: "quiet", "aria-label": name, click }, label);
  const open = element(
    "button",
    { type: "button", class: "open", "aria-current": isShown ? "true" : undefined, click: actions.open },
    element("bdi", { class: "name" }, title),
  );
  const about = [
    new Date(at).toLocaleString(spokenTag(), { dateStyle: "medium", timeStyle: "short" }),
    say("questions", { n: asks }),
    ...files,
  ].join(" · ");
  const root = element("li", {}, open, element("small", { dir: "auto" }, about));
  const rename = button(say("rename"), say("renameThis", { title }), () => {
    const input = element("input", { "aria-label": say("title"), maxlength: MAX_TITLE, value: title });
    const submit = (event: globalThis.Event): void => {
      event.preventDefault();
      if (input.value.trim() === "") return;
      form.remove();
      void actions.rename(input.value.trim());
    };
    const form = element(
      "form",
      { submit },
      input,
      element("button", { type: "submit", class: "quiet" }, say("rename")),
    );
    acts.replaceChildren(form);
    input.focus();
    input.select();
  });
  const remove = button(say("delete"), say("deleteThis", { title }), () => {
    const sure = button(say("deleteForGood"), say("deleteThisForGood", { title }), () => void actions.remove());
    remove.replaceWith(sure);
    sure.focus();
    sure.addEventListener("blur", () => sure.replaceWith(remove));
  });
  const acts = element("div", { class: "acts" }, rename, remove);
  root.append(acts);
  return root;
}
