import type { Storage } from "@docrelay/client";
import { loadPart } from "./lazy-part.ts";
import { chooseLanguage } from "./words/language.ts";
import { isRightToLeft, sayIn, speak } from "./words/say.ts";

const CHOSEN = "docrelay:language";

/** Speaks the language that was chosen, or the browser's: in `root`, which it marks with it, and in all that is made later. English if it cannot be had. */
export async function startLanguage(root: HTMLElement, storage: Storage): Promise<void> {
  const wanted = chooseLanguage(storage.getItem(CHOSEN), navigator.languages);
  const words = wanted === "en" ? undefined : await loadPart(`words-${wanted}`);
  const tag = words ? wanted : "en";
  speak(tag, words);
  root.lang = tag;
  root.dir = isRightToLeft() ? "rtl" : "ltr";
  sayIn(root);
}

/** Keeps the choice: it is spoken after the next start. */
export function keepLanguage(storage: Storage, tag: string): void {
  storage.setItem(CHOSEN, tag);
}
