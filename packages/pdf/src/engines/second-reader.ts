import type { OpenDocument, PageEngine } from "./page-engine.ts";

/**
 * After this many ms of processor time for a file, the second PDF engine reads no further page: it is asked only for a
 * few letters that the first engine does not know, which are not worth more.
 */
const MAX_CPU_MS = 3000;
/**
 * If the second PDF engine finds no letters for the codes of this many pages in a row, it is not asked about the codes
 * of the file's other pages, because their fonts are most likely the same.
 */
const MAX_UNNAMED_PAGES = 3;

/**
 * Reads the text of a document with a second PDF engine. At the first call, the engine is loaded and opens the
 * document.
 */
export interface SecondReader {
  /** The text of a page; undefined if the engine cannot read the page, or its time for this file is used up. */
  textOf(page: number): Promise<string | undefined>;
  /**
   * The text of a page whose letters the first PDF engine knows only by their `codes`. Undefined if the second engine
   * has no letters for these codes either.
   */
  textNaming(page: number, codes: Codes): Promise<string | undefined>;
  close(): Promise<void>;
}

export function createSecondReader(
  load: () => Promise<PageEngine>,
  bytes: Uint8Array,
  password: string | undefined,
): SecondReader {
  let opening: Promise<OpenDocument | undefined> | undefined;
  let [spent, unnamed] = [0, 0];
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const textOf = async (page: number): Promise<string | undefined> => {
    if (spent > MAX_CPU_MS) return undefined;
    // If the second engine cannot be loaded, the text of the first engine is used as it is.
    const engine = await load().catch(() => undefined);
    if (!engine) return undefined;
    const began = cpuMs();
    try {
      // The PDF engine takes the buffer away from its caller, so it gets a copy.
      const document = await (opening ??= engine.open(bytes.slice(), password).catch(() => undefined));
      const read = await document?.read(page);
      return read?.lines.map(({ text }) => text).join("\n");
    } catch {
      // The second engine cannot read the page, so the text of the first engine is used as it is.
      return undefined;
    } finally {
      spent += cpuMs() - began;
    }
  };
  return {
    textOf,
    async textNaming(page, codes) {
      if (unnamed >= MAX_UNNAMED_PAGES) return undefined;
      const text = await textOf(page);
      const isNamed = text !== undefined && namesCodes(text, codes);
      unnamed = isNamed ? 0 : unnamed + 1;
      return isNamed ? text : undefined;
    },
    async close() {
      await (await opening)?.close();
    },
  };
}

/**
 * An engine that does not know the letters returns their codes. If at least this part of the codes is in the text of
 * the second engine, that engine has only returned the codes, too, and its text is not used.
 */
const SAME_PART = 0.7;
/**
 * The text of the second engine is used only if it has letters for at least the part MIN_PART of the codes, and if at
 * most the part MAX_NO_LETTERS of its characters matches NO_LETTERS.
 */
const [MIN_PART, MAX_NO_LETTERS] = [0.7, 0.05] as const;
const NO_LETTERS = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ue000-\uf8ff\ufffd-\uffff]/g;

/**
 * `text`: the characters of a page that are only codes, because the font does not state which letters they are.
 * `named`: how many other characters the page has.
 */
export interface Codes {
  readonly text: string;
  readonly named: number;
}

/** Whether another PDF engine's text of the same page has letters in place of these codes. */
export function namesCodes(text: string, codes: Codes): boolean {
  const [signs, wanted] = [withoutBlanks(text), withoutBlanks(codes.text)];
  if (signs.length < codes.named + MIN_PART * wanted.length) return false;
  if ((signs.match(NO_LETTERS)?.length ?? 0) > MAX_NO_LETTERS * signs.length) return false;
  const counts = new Map<string, number>();
  for (const sign of signs) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  let same = 0;
  for (const code of wanted) {
    const left = counts.get(code) ?? 0;
    if (left === 0) continue;
    counts.set(code, left - 1);
    same++;
  }
  return same < SAME_PART * wanted.length;
}

const withoutBlanks = (text: string): string => text.replace(/\s+/g, "");
