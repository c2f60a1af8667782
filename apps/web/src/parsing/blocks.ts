import type { Tokens } from "marked";
import { heldBack } from "./hold-back.ts";
import { lex, type Links, type Token } from "./lex.ts";

/** A block of an answer. A block that `joins` continues the list, table, code or paragraph before it. */
export interface Block {
  readonly token: Token;
  readonly joins: boolean;
  /** Whether the next block continues this one; `joins` of the next block is then true. */
  readonly goesOn: boolean;
}

/**
 * The result of parsing a growing text. `settled`: the blocks that this call has found and that later text will not
 * change. `tail`: the blocks after them, which the next call of `grow` replaces.
 */
export interface Grown {
  readonly settled: readonly Block[];
  readonly tail: readonly Block[];
  /** Whether a part of the text was not parsed yet. If so, `grow` must be called again. */
  readonly more: boolean;
}

/** The most characters that one call of `grow` parses, unless they are code (see `MAX_CODE`). */
const MAX_STEP = 3200;
/**
 * The first call of `grow` parses at most this many characters, and each further call twice as many as the call before,
 * up to `MAX_STEP`. The browser compiles each of the parser's patterns at its first run, and compiling all of them
 * takes longer than a frame.
 */
const FIRST = 50;
/**
 * If a block has more characters than this, its beginning is cut off and added to `settled`, so that later calls of
 * `grow` do not parse it again. Paragraphs and code have bounds of their own.
 */
const LONG = 1500;
const LONG_PARAGRAPH = 3000;
/**
 * The most characters of code that one call of `grow` parses: more than of other blocks, because code is cheap to parse
 * and is highlighted only as a whole.
 */
const MAX_CODE = 12_000;
const LONG_CODE = 10_000;
const CODE = /^\s*(?:`{3}|~{3})/;

/**
 * How the rest of a cut block is parsed: `prefix` (the head of a table, the first line of a code block) is put before
 * it. The numbers of a list continue with `start`.
 */
interface Carry {
  readonly type: string;
  readonly prefix: string;
  readonly start?: number;
}

/** Parses the blocks of one answer while the answer grows. Each call of `grow` parses only the last block again. */
export interface Blocks {
  /**
   * `text` is the whole answer so far and begins with the text of the call before. `isOver`: the answer is complete.
   */
  grow(text: string, isOver: boolean): Grown;
}

export function createBlocks(): Blocks {
  const links: Links = Object.create(null) as Links;
  let at = 0;
  let carry: Carry | undefined;
  let most = FIRST;

  return {
    grow(text, isOver) {
      const isCode = carry?.type === "code" || CODE.test(text.slice(at, at + 20));
      let source = text.slice(at, at + (isCode ? MAX_CODE : most));
      const more = at + source.length < text.length;
      if (more) source = source.slice(0, wholeLines(source));
      else if (!isOver) source = source.slice(0, source.length - heldBack(source));
      const prefix = carry?.prefix ?? "";
      const tokens = lex(prefix + source, links);
      const last = tokens.findLastIndex(({ type }) => type !== "space");
      const settled = tokens.slice(0, Math.max(0, last)).map(asBlock);
      const tail = tokens.slice(Math.max(0, last)).map((token, index) => asBlock(token, last > 0 ? 1 : index));
      const length = tokens.slice(0, Math.max(0, last)).reduce((sum, { raw }) => sum + raw.length, 0);
      const isWhole = settled.length > 0 || isCode || most === MAX_STEP;
      most = Math.min(MAX_STEP, most * 2);
      if (more && !isWhole) return { settled: [], tail: [], more };
      const from = settled.length > 0 ? length - prefix.length : 0;
      if (settled.length > 0) carry = undefined;
      at += Math.max(0, from);
      const end = tail[0];
      if (!end || (more ? settled.length > 0 : end.token.raw.length < longOf(end.token)))
        return { settled, tail: more ? [] : tail, more };
      const cut = cutBlock(end.token, links, carry);
      at += cut.length - (carry?.prefix.length ?? 0);
      carry = cut.carry;
      settled.push({ token: cut.token, joins: end.joins, goesOn: carry !== undefined });
      // The next call of `grow` parses what was cut off.
      return { settled, tail: [], more: more || at < text.length };
    },
  };

  function asBlock(token: Token, index: number): Block {
    const joins = index === 0 && carry !== undefined && carry.type === token.type;
    if (!joins || carry?.start === undefined || token.type !== "list") return { token, joins, goesOn: false };
    return { token: { ...token, start: carry.start }, joins, goesOn: false };
  }
}

function longOf({ type }: Token): number {
  return type === "code" ? LONG_CODE : type === "paragraph" ? LONG_PARAGRAPH : LONG;
}

function wholeLines(source: string): number {
  const end = source.lastIndexOf("\n") + 1;
  return end > 0 ? end : source.length;
}

interface Cut {
  readonly token: Token;
  /** How many characters of the block's source the token covers. */
  readonly length: number;
  readonly carry: Carry | undefined;
}

/** Cuts a long block: returns its beginning as a token, and how its rest is to be parsed. */
function cutBlock(block: Token, links: Links, carry: Carry | undefined): Cut {
  const { raw, type } = block;
  if (type === "list") {
    const list = block as Tokens.List;
    const items = list.items.slice(0, -1);
    const length = items.reduce((sum, item) => sum + item.raw.length, 0);
    const start = (carry?.start ?? (list.start || 1)) + items.length;
    if (items.length > 0)
      return { token: { ...list, items, raw: raw.slice(0, length) }, length, carry: { type, prefix: "", start } };
  }
  if (type === "table") {
    const table = block as Tokens.Table;
    const length = raw.trimEnd().lastIndexOf("\n") + 1;
    const prefix = raw.split("\n", 2).join("\n") + "\n";
    if (table.rows.length > 1)
      return { token: { ...table, rows: table.rows.slice(0, -1) }, length, carry: { type, prefix } };
  }
  if (type === "code") return cutCode(block as Tokens.Code);
  const length = type === "paragraph" ? cutText(raw) : wholeLines(raw);
  const [token = block] = lex(raw.slice(0, length), links);
  return { token, length, carry: type === "paragraph" ? { type, prefix: "" } : undefined };
}

function cutCode(code: Tokens.Code): Cut {
  const { raw, type } = code;
  const open = /^ {0,3}(`{3,}|~{3,})[^\n]*\n/.exec(raw);
  const fence = open?.[1] ?? "";
  const isClosed = open && new RegExp(`\\n {0,3}${fence[0]}{${fence.length},}[ \\t]*\\n*$`).test(raw);
  if (!open || isClosed) return { token: code, length: raw.length, carry: undefined };
  const lines = wholeLines(raw);
  const length = lines > open[0].length ? lines : raw.length;
  const text = raw.slice(open[0].length, length);
  return { token: { ...code, text }, length, carry: { type, prefix: open[0] } };
}

/**
 * Returns where to cut a long paragraph: at the end of a line, after a sentence or between words, if there is such a
 * place in the paragraph's second half.
 */
function cutText(text: string): number {
  for (const end of ["\n", ". ", " "]) {
    const at = text.lastIndexOf(end);
    if (at > text.length / 2) return at + end.length;
  }
  const code = text.charCodeAt(text.length - 1);
  return code >= 0xd800 && code < 0xdc00 ? text.length - 1 : text.length;
}
