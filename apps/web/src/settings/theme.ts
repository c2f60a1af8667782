import type { Storage } from "@docrelay/client";
import { element } from "../frame/element.ts";
import { say } from "../words/say.ts";

const KEY = "docrelay:theme";
const THEMES = { auto: "themeAuto", light: "themeLight", dark: "themeDark" } as const;
type Theme = keyof typeof THEMES;

function isTheme(text: string | null): text is Theme {
  return text !== null && Object.hasOwn(THEMES, text);
}

/**
 * Applies the chosen theme to `root`, and returns the element to choose a theme. Without a choice the theme of the
 * system or of the surrounding page applies.
 */
export function themeChoice(root: HTMLElement, storage: Storage): HTMLElement {
  const kept = storage.getItem(KEY);
  let theme: Theme = isTheme(kept) ? kept : "auto";
  const apply = (): void => void (root.style.colorScheme = theme === "auto" ? "" : theme);
  apply();
  const options = Object.entries(THEMES).map(([name, key]) =>
    element("option", { value: name, selected: name === theme }, say(key)),
  );
  const select = element("select", { "aria-label": say("theme") }, ...options);
  select.addEventListener("change", () => {
    theme = isTheme(select.value) ? select.value : "auto";
    storage.setItem(KEY, theme);
    apply();
  });
  return select;
}
