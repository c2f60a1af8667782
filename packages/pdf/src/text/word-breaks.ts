/*
 * Decides whether there was a blank at a line's end, for scripts whose lines are not only broken at blanks: Korean
 * lines are broken within words; Thai, Lao, Burmese and Khmer lines between words, although these scripts have blanks
 * between phrases only. Many programs write no blank at a line's end. The other text of the page shows what is likely:
 * some syllables nearly always stand before a blank, others after one.
 */

interface Script {
  readonly letter: RegExp;
  /**
   * Returns keys of a place in a text, by which places are compared. The keys consist of the last letters before the
   * place and of the first letters after it.
   */
  readonly keysOf: (before: string, after: string) => readonly string[];
  /** How many times as often there is a blank at a line's end as between two letters within a line. */
  readonly atLineEnd: number;
}

const HANGUL: Script = {
  letter: /\p{Script=Hangul}/u,
  keysOf: (before, after) => {
    const [last = "", first = ""] = [before.at(-1), after.at(0)];
    return [`${last}_`, `_${first}`, last + first, `${before.slice(-2)}__`, `__${after.slice(0, 2)}`];
  },
  // Programs that may break a line within a word still prefer to break it at a blank.
  atLineEnd: 2,
};

/**
 * Lao, Burmese and Khmer; not Thai, so a Thai line never gets a blank at its end. The keys (see `Script`) have about one
 * syllable. Lines end only between words, where a blank is likelier than between two letters within a line, so
 * `atLineEnd` is above 1.
 */
const PHRASES: Script = {
  letter: /[\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff]/,
  keysOf: (before, after) => [`${before.slice(-3)}_`, `_${after.slice(0, 3)}`],
  atLineEnd: 2,
};
const MARK = /^\p{M}/u;
/**
 * The page's average (`usual`) is added to the counts of a key (see `keysOf`) with the weight of this many places, so
 * that a key with few places does not decide.
 */
const WEIGHT = 2;

/**
 * For a key (see `keysOf`): at how many places with this key the page has a blank (`apart`), and at how many there is
 * none (`within`).
 */
interface Places {
  apart: number;
  within: number;
}

/** Tests whether a blank belongs between a line and the line after it. */
export type IsBreak = (line: string, next: string) => boolean;

/**
 * Returns a function that tests whether a blank belongs between two lines of Korean. It learns from `lines`, the lines
 * of the page.
 */
export function hangulBreaks(lines: readonly { readonly text: string }[]): IsBreak {
  return breaksOf(lines, HANGUL);
}

/**
 * Returns a function that tells whether a blank belongs between two lines of Lao, Burmese or Khmer; for Thai it returns
 * false. It learns from `lines`, the lines of the page.
 */
export function phraseBreaks(lines: readonly { readonly text: string }[]): IsBreak {
  return breaksOf(lines, PHRASES);
}

function breaksOf(lines: readonly { readonly text: string }[], { letter, keysOf, atLineEnd }: Script): IsBreak {
  const counts = new Map<string, Places>();
  const all: Places = { apart: 0, within: 0 };
  for (const { text } of lines) {
    // The program that wrote this page writes blanks at line ends, so none is missing.
    if (text.endsWith(" ") && letter.test(text.charAt(text.length - 2))) return () => false;
    for (let at = 1; at < text.length; at++) {
      const isApart = text.charAt(at - 1) === " ";
      const end = isApart ? at - 1 : at;
      if (!letter.test(text.charAt(at)) || MARK.test(text.charAt(at)) || !letter.test(text.charAt(end - 1))) continue;
      const places = isApart ? "apart" : "within";
      all[places]++;
      for (const key of keysOf(text.slice(0, end), text.slice(at))) {
        const known = counts.get(key) ?? { apart: 0, within: 0 };
        known[places]++;
        counts.set(key, known);
      }
    }
  }
  const usual = (all.apart + 1) / (all.apart + all.within + 2);
  const usualOdds = usual / (1 - usual);
  /**
   * The odds that a place with this key (see `keysOf`) is at a blank, divided by the odds of an average place of the
   * page.
   */
  const odds = (key: string): number => {
    const { apart, within } = counts.get(key) ?? { apart: 0, within: 0 };
    return (apart + WEIGHT * usual) / (within + WEIGHT * (1 - usual)) / usualOdds;
  };
  return (line, next) => {
    if (!letter.test(line.charAt(line.length - 1)) || !letter.test(next.charAt(0))) return false;
    return keysOf(line, next).reduce((product, key) => product * odds(key), usualOdds * atLineEnd) > 1;
  };
}
