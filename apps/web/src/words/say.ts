import * as english from "./en.ts";
import type { Key, Language, Tag } from "./language.ts";

/* The language of the page's texts. There is one for the whole page: English, until another is set. */

interface Spoken {
  readonly tag: Tag;
  readonly words: Language;
  readonly plurals: Intl.PluralRules;
  readonly numbers: Intl.NumberFormat;
}
export type Values = Readonly<Record<string, string | number>>;

let spoken = spokenIn("en", english);

function spokenIn(tag: Tag, words: Language): Spoken {
  return { tag, words, plurals: new Intl.PluralRules(tag), numbers: new Intl.NumberFormat(tag) };
}

export function speak(tag: Tag, words: Language = english): void {
  spoken = spokenIn(tag, words);
}

/** Returns the tag of the page's language, for formats of `Intl`. */
export function spokenTag(): Tag {
  return spoken.tag;
}

export function isRightToLeft(): boolean {
  return spoken.tag === "ar";
}

/** Isolates a left-to-right text, such as "25 MiB", so that right-to-left words around it do not reorder it. */
export function inOrder(text: string): string {
  return isRightToLeft() ? `\u2066${text}\u2069` : text;
}

export function spokenWords(): Language {
  return spoken.words;
}

/** Returns a phrase with its values. `n` selects the plural form. Numbers are written in the language's way. */
export function say(key: Key, values: Values = {}): string {
  const { words, plurals, numbers } = spoken;
  const phrase = words.phrases[key];
  const text = typeof phrase === "string" ? phrase : (phrase[plurals.select(Number(values["n"]))] ?? phrase.other);
  return text.replaceAll(/\{(\w+)\}/g, (all, name: string) => {
    const value = values[name] ?? all;
    return typeof value === "number" ? numbers.format(value) : value;
  });
}

/** Puts texts into elements. The attribute `data-say` names the texts, as `text:key` or `attribute:key`. */
export function sayIn(root: ParentNode): void {
  for (const place of root.querySelectorAll<HTMLElement>("[data-say]"))
    for (const one of (place.dataset["say"] ?? "").split(" ")) {
      const [where = "", key = ""] = one.split(":");
      const words = say(key as Key);
      if (where === "text") place.textContent = words;
      else place.setAttribute(where, words);
    }
}
