/**
 * For each script: Tesseract's codes of the languages in this script, and the name of the model that reads all of them.
 */
const SCRIPTS: Readonly<Record<string, { readonly languages: readonly string[]; readonly model: string }>> = {
  Cyrillic: {
    languages: ["rus", "ukr", "bel", "bul", "srp", "mkd", "kaz", "kir", "mon", "tgk", "uzb_cyrl"],
    model: "Cyrillic",
  },
  Greek: { languages: ["ell", "grc"], model: "Greek" },
  Arabic: { languages: ["ara", "fas", "urd", "pus", "uig", "snd"], model: "Arabic" },
  Hebrew: { languages: ["heb", "yid"], model: "Hebrew" },
  Devanagari: { languages: ["hin", "mar", "nep", "san"], model: "Devanagari" },
  Bengali: { languages: ["ben", "asm"], model: "Bengali" },
  Gujarati: { languages: ["guj"], model: "Gujarati" },
  Gurmukhi: { languages: ["pan"], model: "Gurmukhi" },
  Tamil: { languages: ["tam"], model: "Tamil" },
  Telugu: { languages: ["tel"], model: "Telugu" },
  Kannada: { languages: ["kan"], model: "Kannada" },
  Malayalam: { languages: ["mal"], model: "Malayalam" },
  Sinhala: { languages: ["sin"], model: "Sinhala" },
  Thai: { languages: ["tha"], model: "Thai" },
  Lao: { languages: ["lao"], model: "Lao" },
  Khmer: { languages: ["khm"], model: "Khmer" },
  Myanmar: { languages: ["mya"], model: "Myanmar" },
  Tibetan: { languages: ["bod", "dzo"], model: "Tibetan" },
  Georgian: { languages: ["kat", "kat_old"], model: "Georgian" },
  Armenian: { languages: ["hye"], model: "Armenian" },
  Ethiopic: { languages: ["amh", "tir"], model: "Ethiopic" },
  Han: { languages: ["chi_sim", "chi_tra"], model: "HanS" },
  Japanese: { languages: ["jpn"], model: "Japanese" },
  Korean: { languages: ["kor"], model: "Hangul" },
};
/** Tesseract's names for scripts that have another name in {@link SCRIPTS}. */
const ALIASES: Readonly<Record<string, string>> = { Hangul: "Korean", Hiragana: "Japanese", Katakana: "Japanese" };
const NOT_LATIN = new Set(Object.values(SCRIPTS).flatMap(({ languages }) => languages));
/** With how many languages a page is read at most. Each language takes more time. */
const MAX_LANGUAGES = 4;

/**
 * The languages with which a page in this script is read, in Tesseract's form (`eng+deu`): the installed languages of
 * the script, if they are few; otherwise the model of the whole script, if it is installed; otherwise some of the
 * languages. Undefined if nothing for this script is installed.
 */
export function languagesOfScript(script: string, installed: ReadonlySet<string>): string | undefined {
  const known = SCRIPTS[ALIASES[script] ?? script];
  const isLanguage = (code: string): boolean => /^[a-z]/.test(code) && !["osd", "equ", "snum"].includes(code);
  const languages = known
    ? known.languages.filter((code) => installed.has(code))
    : [...installed].filter((code) => isLanguage(code) && !code.startsWith("script/") && !isOfOtherScript(code));
  const model = [known?.model ?? "Latin", `script/${known?.model ?? "Latin"}`].find((name) => installed.has(name));
  // A script that is not in SCRIPTS counts as Latin. If English is the only installed language of Latin script, the
  // model of the script is better: the page may be in another language.
  const few = languages.length <= MAX_LANGUAGES && languages.length > (known ? 0 : 1);
  if (model !== undefined && !few) return model;
  return languages.length === 0 ? undefined : languages.toSorted(englishFirst).slice(0, MAX_LANGUAGES).join("+");
}

function isOfOtherScript(code: string): boolean {
  return NOT_LATIN.has(code) || NOT_LATIN.has(code.replace(/_vert$/, ""));
}

function englishFirst(one: string, other: string): number {
  return Number(other === "eng") - Number(one === "eng");
}
