import { CLUSTERED } from "../text/clusters.ts";
import { RTL } from "../text/right-to-left.ts";
import { isSpace } from "../text/space.ts";
import type { Guesses } from "../text/second-names.ts";
import type { Letters } from "./pdfium-letters.ts";
import type { Codes } from "./second-reader.ts";

/**
 * How many letters of a page are examined to find out whether it has unnamed ones (their font does not state which
 * letters they are).
 */
const SAMPLES = 64;
/**
 * If more than this part of a page's letters is unnamed (their font does not state which letters they are), OCR should
 * read the page.
 */
const MANY = 0.05;
/**
 * On a page with many unnamed letters (see {@link MANY}), a part of the text is unreadable if more than this part of
 * its letters is unnamed.
 */
const TOO_MANY = 1 / 12;
/**
 * This limit replaces {@link TOO_MANY} for text in Indic scripts, Thai, Arabic and the like. In these, a letter has
 * several signs or forms, of which perhaps only one is unnamed.
 */
const TOO_MANY_CLUSTERED = 1 / 3;
/** On a page with at most this many unnamed letters, they do not count: any page may have some. */
const SOME = 12;
const LETTER = /[\p{L}\p{M}]/u;
/** The codes of ligatures in TeX's encoding OT1, and the ligatures as single characters. */
const LIGATURES = new Map([
  [0x0b, "\ufb00"],
  [0x0c, "\ufb01"],
  [0x0e, "\ufb03"],
  [0x0f, "\ufb04"],
]);
/** The codes of ligatures in TeX's encoding T1, and the ligatures as single characters. */
const T1_LIGATURES = new Map([
  [0x1b, "\ufb00"],
  [0x1c, "\ufb01"],
  [0x1d, "\ufb02"],
  [0x1e, "\ufb03"],
  [0x1f, "\ufb04"],
]);
/**
 * Matches what a text in OT1 has, but hardly a text in T1: codes that are ligatures in OT1 only, and, within a word,
 * the codes of OT1's accents, ß and æ. (In T1, these codes are quotation marks and dashes.)
 */
const NOT_T1 = /[\u000b\u000c\u000e\u000f]|[a-z][\u0010-\u0014\u0016-\u001a][a-z]/;
/** Matches codes within a word that are ligatures in T1. In OT1 they are the capitals Æ, Œ and Ø. */
const ONLY_T1 = /[a-z][\u001d-\u001f][a-z]{2}/;
const UNKNOWN = "\ufffd";
/**
 * The first mark, and the number of marks. A mark is a private-use character that stands for an unnamed letter until
 * another PDF engine names the letter. A page that has such characters itself gets no marks.
 */
const [FIRST_MARK, MARKS] = [0xe200, 0x400] as const;
const OWN_MARK = /[\ue200-\ue5ff]/;
/**
 * Matches, between two lower-case letters, a printable ASCII character that hardly any word has there, so that it may
 * be the code of a ligature. Apostrophes, hyphens and full stops are not matched, because words have them.
 */
const IN_WORD = /(?<=[a-z])[!-&(-,/-Z[-`{-~](?=[a-z])/g;

const isControl = (unit: number): boolean => (unit < 0x20 && !isSpace(unit)) || (unit >= 0x7f && unit < 0xa0);
/**
 * Whether a UTF-16 unit is printable ASCII. For such a letter PDFium's guess is usually right, even if the font does
 * not name the letter.
 */
const isPlain = (unit: number): boolean => unit >= 0x20 && unit < 0x7f;

export interface KnownText {
  /**
   * The text, as long as the given text. An unnamed letter is replaced by the letter that its code stands for, if that
   * is known; otherwise by a mark (a private-use character) or by U+FFFD.
   */
  readonly text: string;
  /** For each mark in the text: PDFium's guess for the unnamed letter. */
  readonly guesses: Guesses;
  /** Whether so many letters are unnamed that OCR, if it is available, should read the page. */
  readonly holed: boolean;
  /**
   * The unnamed letters of the page, as codes. Set if another PDF engine should be asked for these letters: if they are
   * many, or if their codes make no text.
   */
  readonly codes?: Codes;
  /** Whether these parts of the text, taken together, are readable; left out when all parts are. */
  readonly isReadable?: (parts: readonly TextPart[]) => boolean;
}

interface TextPart {
  readonly start: number;
  readonly end: number;
}

const NO_GUESSES: Guesses = new Map();

/**
 * Returns the text of a page without PDFium's guesses for unnamed letters. A letter whose code shows what it is becomes
 * this letter. Another unnamed letter in a Latin, Greek or Cyrillic word becomes a mark, which another PDF engine may
 * turn into letters. Any other unnamed letter becomes a ligature, if its code may be one, or U+FFFD.
 */
export function withoutGuesses(letters: Letters, text: string): KnownText {
  const inWords = hasUnnamedInWords(letters, text);
  const isForeign = strangersIn(text);
  const shifted = hasOtherCodes(letters, text) ? { codes: { text, named: 0 } } : undefined;
  if (!inWords && !isForeign && !hasUnnamed(letters, text))
    return { text, guesses: NO_GUESSES, holed: false, ...shifted };
  let [all, unnamed, done] = [0, 0, 0];
  let mended = "";
  const mark = createMarks(text);
  const latin = createLatin(letters, text);
  let codes = "";
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isSpace(unit) && !LIGATURES.has(unit)) continue;
    all++;
    const sign = text.charAt(at);
    if (isPlain(unit)) {
      if (inWords && !/[a-z ]/.test(sign) && isInWord(text, at) && letters.isUnnamed(at)) {
        mended += text.slice(done, at) + mark.of(sign, sign);
        done = at + 1;
      }
      continue;
    }
    const isStrange = isForeign?.(at) === true;
    if (!isStrange && !letters.isUnnamed(at)) continue;
    const letter = isStrange ? undefined : latin.letterAt(at);
    if (letter !== undefined) {
      mended += text.slice(done, at) + letter;
      done = at + 1;
      continue;
    }
    codes += sign;
    if (isStrange || LETTER.test(sign)) unnamed++;
    else if (!(isControl(unit) || LIGATURES.has(unit)) || !isInWord(text, at)) continue;
    const fallback = latin.ligatureAt(at) ?? LIGATURES.get(unit) ?? UNKNOWN;
    mended += text.slice(done, at) + (isInAlphabet(text, at) ? mark.of(sign, fallback) : fallback);
    done = at + 1;
  }
  const known = { text: mended + text.slice(done), guesses: mark.guesses };
  if (unnamed <= Math.max(SOME, MANY * all)) return { ...known, holed: false, ...shifted };
  return {
    ...known,
    holed: true,
    codes: { text: codes, named: all - codes.length },
    ...shifted,
    isReadable: (parts) => isReadable(letters, known.text, parts),
  };
}

/**
 * Whether parts of the text are readable: few of their characters are unnamed. Plain Latin letters and digits do not
 * count as unnamed, because they are right even if the font does not name them.
 */
function isReadable(letters: Letters, text: string, parts: readonly TextPart[]): boolean {
  let [all, unnamed, clustered] = [0, 0, 0];
  for (const { start, end } of parts) {
    for (let at = start; at < end; at++) {
      if (isSpace(text.charCodeAt(at))) continue;
      all++;
      if (CLUSTERED.test(text.charAt(at)) || RTL.test(text.charAt(at))) clustered++;
      if (text.charAt(at) === UNKNOWN || (!/[A-Za-z0-9]/.test(text.charAt(at)) && letters.isUnnamed(at))) unnamed++;
    }
  }
  return unnamed <= (2 * clustered > all ? TOO_MANY_CLUSTERED : TOO_MANY) * all;
}

/**
 * Creates the marks of a page. A mark is a private-use character that stands for an unnamed letter until another PDF
 * engine names the letter. `of` returns the mark for a guess of PDFium and the text that replaces the mark if no better
 * text is found; it returns this text itself if no mark is left, or if the page already has such characters.
 */
function createMarks(text: string): { of(guess: string, fallback: string): string; readonly guesses: Guesses } {
  const guesses = new Map<string, { guess: string; fallback: string }>();
  const known = new Map<string, string>();
  const isFree = !OWN_MARK.test(text);
  return {
    guesses,
    of(guess, fallback) {
      const key = guess + fallback;
      const old = known.get(key);
      if (old !== undefined) return old;
      if (!isFree || known.size >= MARKS) return fallback;
      const mark = String.fromCharCode(FIRST_MARK + known.size);
      known.set(key, mark);
      guesses.set(mark, { guess, fallback });
      return mark;
    },
  };
}

function isInWord(text: string, at: number): boolean {
  return LETTER.test(text.charAt(at - 1)) || LETTER.test(text.charAt(at + 1));
}

/**
 * Whether a neighbour of the character is a Latin, Greek or Cyrillic letter. In other scripts the second PDF engine
 * would guess as well, so no mark is used.
 */
function isInAlphabet(text: string, at: number): boolean {
  return [at - 1, at + 1].some((index) => text.charCodeAt(index) < 0x0590 && LETTER.test(text.charAt(index)));
}

function hasUnnamedInWords(letters: Letters, text: string): boolean {
  let looks = 0;
  for (const { index } of text.matchAll(IN_WORD)) {
    if (letters.isUnnamed(index)) return true;
    if (++looks === SAMPLES) return false;
  }
  return false;
}

/** Whether the page has unnamed letters. Examines a sample of its letters, and all control codes. */
function hasUnnamed(letters: Letters, text: string): boolean {
  const step = Math.max(1, Math.floor(text.length / SAMPLES));
  for (let at = step >> 1; at < text.length; at += step) {
    const unit = text.charCodeAt(at);
    if (!isPlain(unit) && !isSpace(unit) && letters.isUnnamed(at)) return true;
  }
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 && unit !== 0x0d && unit !== 0x0a && unit !== 0x09 && (unit !== 0x02 || letters.isUnnamed(at)))
      return true;
  }
  return false;
}

/** How many letters of a page are examined to find out whether even its plain Latin letters and digits are unnamed. */
const PLAIN_SAMPLES = 9;
const LATIN_1 = /[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]/;
/**
 * Each pattern matches a text whose codes are not those of Latin-1:
 * - a sign between two letters, because such signs are letters in other encodings; or four accented letters in a row;
 * - õ or û if all accented letters are those of Hungarian, which has ő and ű at these codes (Latin-2);
 * - ý, þ or ð beside letters that no language with these three has, or without any of á, é, í, ó, ú and æ: Turkish and
 *   the languages of Eastern Europe have other letters at the codes of ý, þ and ð;
 * - ì or ù together with ø: at these codes, Czech has other letters (Latin-2).
 */
const NOT_LATIN_1 = [
  /[a-z][\u008a\u008d-\u008f\u009a\u009d-\u009f\u00a1-\u00bf][a-z]|[\u00c0-\u00ff]{4}/,
  /^(?=[^]*[õû])(?![^]*(?![áéíóöúüõû])[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff])/i,
  /^(?=[^]*[ýþð])(?:(?=[^]*[çüãâîûëêàèìù])|(?![^]*[áéíóúæ]))/i,
  /^(?=[^]*[ìù])(?=[^]*ø)/i,
] as const;
/**
 * The accented letters that may be a whole word. If any other accented letter stands alone, each accented letter that
 * stands alone counts as a symbol of another encoding.
 */
const WORD = /[àáèéíóúå]/i;
/** Matches what can be beside an accented letter in a word: a letter, or the code of a ligature. */
const BESIDE = /[\p{L}\p{M}\u000b\u000c\u000e\u000f\u001b-\u001f]/u;
/** The code of ß in T1. In Latin-1, this is the code of ÿ, which hardly any word has. */
const [T1_SHARP_S, SHARP_S] = [0xff, "ß"] as const;

const OFF = /^o\u001b/i;

/**
 * Finds out which letters the unnamed ones of a page are, if their codes are those of Latin-1 or of TeX's encoding T1.
 */
interface Latin {
  /**
   * The accented letter at an index; undefined if another character is there, or if the codes have another encoding.
   */
  letterAt(index: number): string | undefined;
  /** The ligature of T1 at an index; undefined if there is none, or if the codes may have another encoding. */
  ligatureAt(index: number): string | undefined;
}

function createLatin(letters: Letters, text: string): Latin {
  const isAlone = (at: number): boolean => !BESIDE.test(text.charAt(at - 1)) && !BESIDE.test(text.charAt(at + 1));
  const isAccented = (at: number): boolean => LATIN_1.test(text.charAt(at)) && letters.isUnnamed(at);
  const find = (): { words: boolean; alone: boolean; t1: boolean } => {
    const words = hasLatinCodes(letters, text);
    const places = words ? [...text.matchAll(new RegExp(LATIN_1, "g"))].map(({ index }) => index) : [];
    const accented = places.filter(isAccented);
    const t1 = !NOT_T1.test(text) && (accented.some((at) => !isAlone(at)) || ONLY_T1.test(text));
    return {
      words,
      alone: accented.every((at) => WORD.test(text.charAt(at)) || !isAlone(at)),
      t1: t1 && isNameless(letters, text),
    };
  };
  let found: ReturnType<typeof find> | undefined;
  return {
    letterAt(at) {
      const sign = text.charAt(at);
      if (!LATIN_1.test(sign)) return undefined;
      found ??= find();
      if (!found.words || (!found.alone && isAlone(at))) return undefined;
      return sign.charCodeAt(0) === T1_SHARP_S ? SHARP_S : sign;
    },
    ligatureAt(at) {
      const ligature = T1_LIGATURES.get(text.charCodeAt(at));
      if (ligature === undefined || isAfterSymbol(text, at)) return undefined;
      return (found ??= find()).t1 ? ligature : undefined;
    },
  };
}

/**
 * Whether a word consists only of a letter and the code at an index. Such a word is a symbol of a formula and has no
 * ligature. The word "off" is an exception.
 */
function isAfterSymbol(text: string, at: number): boolean {
  if (OFF.test(text.slice(at - 1, at + 1))) return false;
  return BESIDE.test(text.charAt(at - 1)) && !BESIDE.test(text.charAt(at - 2)) && !BESIDE.test(text.charAt(at + 1));
}

/** Whether most letters of a page are unnamed, even plain Latin letters and digits. */
function isNameless(letters: Letters, text: string): boolean {
  const step = Math.max(1, Math.floor(text.length / PLAIN_SAMPLES));
  let [looks, unnamed] = [0, 0];
  for (let at = step >> 1; at < text.length; at += step) {
    if (isSpace(text.charCodeAt(at))) continue;
    looks++;
    if (letters.isUnnamed(at)) unnamed++;
  }
  return 2 * unnamed > looks;
}

/**
 * Whether the codes of a page's unnamed letters are those of Latin-1: most letters are unnamed, plain Latin letters
 * included, and the codes make a text in Latin script.
 */
function hasLatinCodes(letters: Letters, text: string): boolean {
  return isMostlySmall(text) && !NOT_LATIN_1.some((other) => other.test(text)) && isNameless(letters, text);
}

/**
 * Whether the codes of a page's unnamed letters may be the numbers of glyphs: most letters are unnamed, and the codes
 * make no text in Latin script.
 */
function hasOtherCodes(letters: Letters, text: string): boolean {
  return !isMostlySmall(text) && isNameless(letters, text);
}

/**
 * Whether more than half of a text's characters are lower-case Latin letters without accents. Only a sample is
 * examined.
 */
function isMostlySmall(text: string): boolean {
  const step = Math.max(1, Math.floor(text.length / SAMPLES));
  let [looks, small] = [0, 0];
  for (let at = step >> 1; at < text.length; at += step) {
    const unit = text.charCodeAt(at);
    if (isSpace(unit)) continue;
    looks++;
    if (unit >= 0x61 && unit <= 0x7a) small++;
  }
  return 2 * small > looks;
}

/**
 * Matches letters of scripts without clusters. Their Unicode blocks are near those of the scripts with clusters
 * (`CLUSTERED`).
 */
const STRANGER = /[\u0370-\u08ff\u10a0-\u177f\u1800-\u1c7f]/;
/**
 * Those letters of {@link STRANGER} that never stand beside a letter of a script with clusters. Greek and Cyrillic
 * letters may stand there, for example to denote an angle.
 */
const NEVER_BESIDE = /[\u0590-\u08ff\u10a0-\u177f\u1800-\u1c7f]/;
const BESIDE_STRANGER = new RegExp(
  `${CLUSTERED.source}${NEVER_BESIDE.source}|${NEVER_BESIDE.source}${CLUSTERED.source}`,
);
const TWO_OF_CLUSTERED = new RegExp(`(?<=${CLUSTERED.source})${CLUSTERED.source}`, "g");

/**
 * A number for the script of a character: the number of its Unicode block. A block has 128 characters, that of Burmese
 * or Tibetan 256. Full stops (daṇḍas) that many Indic scripts share have the number 0.
 */
const partOf = (unit: number): number =>
  unit === 0x0964 || unit === 0x0965 ? 0 : unit >= 0x0f00 && unit < 0x10a0 ? unit >> 8 : unit >> 7;

/**
 * For a page in Indic scripts, Thai and the like: returns a function that tells whether the character at an index is of
 * another script than its word. Such a character is wrong: some programs give an unnamed glyph the code point that
 * equals the glyph's number. Returns undefined if the page has no such character.
 */
function strangersIn(text: string): ((at: number) => boolean) | undefined {
  if (!CLUSTERED.test(text)) return undefined;
  const mixed = [...text.matchAll(TWO_OF_CLUSTERED)].some(({ index }) => {
    const [one, other] = [partOf(text.charCodeAt(index - 1)), partOf(text.charCodeAt(index))];
    return one !== other && one !== 0 && other !== 0;
  });
  if (!mixed && !BESIDE_STRANGER.test(text)) return undefined;
  const counts = new Map<number, number>();
  for (const { 0: sign } of text.matchAll(new RegExp(CLUSTERED, "g"))) {
    const part = partOf(sign.charCodeAt(0));
    counts.set(part, (counts.get(part) ?? 0) + 1);
  }
  const [[own] = [0]] = [...counts].toSorted((one, other) => other[1] - one[1]);
  const isOwn = (at: number): boolean => partOf(text.charCodeAt(at)) === own;
  const isStrange = (sign: string): boolean => STRANGER.test(sign) || (CLUSTERED.test(sign) && LETTER.test(sign));
  return (at) => isStrange(text.charAt(at)) && !isOwn(at) && (isOwn(at - 1) || isOwn(at + 1));
}
