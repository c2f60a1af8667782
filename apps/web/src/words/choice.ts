import { element } from "../frame/element.ts";
import { LANGUAGES } from "./language.ts";
import { say, spokenTag } from "./say.ts";

/** The languages to choose from, each by its own name. */
export function languageChoice(choose: (tag: string) => void): HTMLElement {
  const options = Object.entries(LANGUAGES).map(([tag, name]) =>
    element("option", { value: tag, lang: tag, selected: tag === spokenTag() }, name),
  );
  const select = element("select", { "aria-label": say("language") }, ...options);
  select.addEventListener("change", () => choose(select.value));
  return select;
}
