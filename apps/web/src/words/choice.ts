import { element } from "../frame/element.ts";
import { LANGUAGES } from "./language.ts";
import { say, spokenTag } from "./say.ts";

/**
 * Returns a list of languages, each by its own name, with a button that applies the choice. A button is needed because
 * arrow keys go through the names one by one, and each change would restart the page.
 */
export function languageChoice(choose: (tag: string) => void): HTMLElement {
  const options = Object.entries(LANGUAGES).map(([tag, name]) =>
    element("option", { value: tag, lang: tag, selected: tag === spokenTag() }, name),
  );
  const select = element("select", { "aria-label": say("language") }, ...options);
  const take = element("button", { class: "quiet", hidden: true }, say("useLanguage"));
  select.addEventListener("change", () => (take.hidden = select.value === spokenTag()));
  const form = element("form", { class: "choice" }, select, take);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (select.value !== spokenTag()) choose(select.value);
  });
  return form;
}
