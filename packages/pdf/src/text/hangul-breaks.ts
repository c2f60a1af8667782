/*
 * Decides whether a blank belongs at the end of a Korean line. Korean words are broken when the column is full, and
 * many programs write no blank at a line's end. The other words of the page show what is likely: some syllables nearly
 * always end words, others begin them.
 */

const SYLLABLE = /\p{Script=Hangul}/u;
/** The page's average counts as much as this many occurrences of a syllable, so that rare syllables do not decide. */
const WEIGHT = 2;

/** How often a syllable, or a pair of syllables, is beside a blank (`apart`), and how often within a word. */
interface Places {
  apart: number;
  within: number;
}

/**
 * Returns a test of whether a blank belongs between the syllables before and after a line end. `lines`: the lines of
 * the page.
 */
export function hangulBreaks(lines: readonly { readonly text: string }[]): (last: string, first: string) => boolean {
  const counts = new Map<string, Places>();
  const all: Places = { apart: 0, within: 0 };
  const count = (key: string, isApart: boolean): void => {
    const places = counts.get(key) ?? { apart: 0, within: 0 };
    places[isApart ? "apart" : "within"]++;
    counts.set(key, places);
  };
  for (const { text } of lines) {
    // A program that writes blanks at line ends leaves none out.
    if (/\p{Script=Hangul} $/u.test(text)) return () => false;
    for (const [, one = "", blank, other = ""] of text.matchAll(/(\p{Script=Hangul})( ?)(?=(\p{Script=Hangul}))/gu)) {
      const isApart = blank !== "";
      all[isApart ? "apart" : "within"]++;
      count(`${one}_`, isApart);
      count(`_${other}`, isApart);
      count(one + other, isApart);
    }
  }
  const usual = (all.apart + 1) / (all.apart + all.within + 2);
  /** How many times as often as the average syllable this one is beside a blank. */
  const odds = (key: string): number => {
    const { apart, within } = counts.get(key) ?? { apart: 0, within: 0 };
    return (apart + WEIGHT * usual) / (within + WEIGHT * (1 - usual)) / (usual / (1 - usual));
  };
  return (last, first) => {
    if (!SYLLABLE.test(last) || !SYLLABLE.test(first)) return false;
    return odds(`${last}_`) * odds(`_${first}`) * odds(last + first) * (usual / (1 - usual)) > 1;
  };
}
