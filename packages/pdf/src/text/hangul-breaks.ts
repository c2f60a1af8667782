/*
 * Korean is broken within words where the column is full, and many programs keep no blank at a line's end. The other
 * words of the page then tell which it was: some syllables end words nearly always, and others begin them.
 */

const SYLLABLE = /\p{Script=Hangul}/u;
/** How many of a syllable's places the mean of all counts for. */
const WEIGHT = 2;

/** How often a syllable, or a pair of them, stands at a blank and within a word. */
interface Places {
  apart: number;
  within: number;
}

/** Whether a blank belongs between two syllables that a line's end parts. `lines`: those of the page. */
export function hangulBreaks(lines: readonly { readonly text: string }[]): (last: string, first: string) => boolean {
  const counts = new Map<string, Places>();
  const all: Places = { apart: 0, within: 0 };
  const count = (key: string, isApart: boolean): void => {
    const places = counts.get(key) ?? { apart: 0, within: 0 };
    places[isApart ? "apart" : "within"]++;
    counts.set(key, places);
  };
  for (const { text } of lines) {
    // A program that keeps blanks at line ends has left none out.
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
  /** How much more often than others it stands at a blank. */
  const odds = (key: string): number => {
    const { apart, within } = counts.get(key) ?? { apart: 0, within: 0 };
    return (apart + WEIGHT * usual) / (within + WEIGHT * (1 - usual)) / (usual / (1 - usual));
  };
  return (last, first) => {
    if (!SYLLABLE.test(last) || !SYLLABLE.test(first)) return false;
    return odds(`${last}_`) * odds(`_${first}`) * odds(last + first) * (usual / (1 - usual)) > 1;
  };
}
