import type { Storage } from "@docrelay/client";
import { loadPart } from "./lazy-part.ts";
import { chooseLanguage } from "./words/language.ts";
import { isRightToLeft, sayIn, speak } from "./words/say.ts";

const CHOSEN = "docrelay:language";

/**
 * Sets the language that was chosen, or else the browser's language; English if that language cannot be loaded. Marks
 * `root` with the language and puts its texts into `root`. Elements that are made later have texts in this language,
 * too.
 */
export async function startLanguage(root: HTMLElement, storage: Storage): Promise<void> {
  const wanted = chooseLanguage(storage.getItem(CHOSEN), navigator.languages);
  const words = wanted === "en" ? undefined : await loadPart(`words-${wanted}`);
  const tag = words ? wanted : "en";
  speak(tag, words);
  root.lang = tag;
  root.dir = isRightToLeft() ? "rtl" : "ltr";
  sayIn(root);
}

/** Stores the chosen language, which applies from the next start. */
export function keepLanguage(storage: Storage, tag: string): void {
  storage.setItem(CHOSEN, tag);
}
