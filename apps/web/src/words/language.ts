import type { phrases } from "./en.ts";
import type { Errors, Phrase } from "./phrase.ts";

export type Key = keyof typeof phrases;
export interface Language {
  readonly phrases: Readonly<Record<Key, Phrase>>;
  readonly errors: Errors;
}

/** The languages that the page speaks, each by its own name. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  pt: "Português",
  hi: "हिन्दी",
  ja: "日本語",
  ko: "한국어",
  zh: "中文",
  ar: "العربية",
} as const;
export type Tag = keyof typeof LANGUAGES;

export function isTag(tag: string): tag is Tag {
  return Object.hasOwn(LANGUAGES, tag);
}

/**
 * Returns the language for a page: the chosen one, or else the first of the browser's languages that the page has, or
 * else English.
 */
export function chooseLanguage(chosen: string | null, browsers: readonly string[]): Tag {
  return [chosen ?? "", ...browsers.map((one) => one.split("-")[0]?.toLowerCase() ?? "")].find(isTag) ?? "en";
}
