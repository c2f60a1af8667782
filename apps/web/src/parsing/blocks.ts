import type { Tokens } from "marked";
import { heldBack } from "./hold-back.ts";
import { lex, type Links, type Token } from "./lex.ts";

/** A block of an answer. One that `joins` goes on in the list, table, code or paragraph before it. */
export interface Block {
  readonly token: Token;
  readonly joins: boolean;
  /** Another one joins it. */
  readonly goesOn: boolean;
}

/** What came of a growing text: blocks that are final, and those of its end, which the next call replaces. */
export interface Grown {
  readonly settled: readonly Block[];
  readonly tail: readonly Block[];
  /** The text has more than was looked at: call again. */
  readonly more: boolean;
}

/** How much is parsed at once. */
const MAX_STEP = 3200;
/** And at first: the browser compiles each of the parser's patterns when it runs, all of them together for longer than a frame. */
const FIRST = 50;
/** A single block that is longer is settled up to here, so that the end of a long answer stays as cheap as a short one. */
const LONG = 1500;
const LONG_PARAGRAPH = 3000;
/** Code is cheap to parse, and highlighted only as a whole. */
const MAX_CODE = 12_000;
const LONG_CODE = 10_000;
const CODE = /^\s*(?:`{3}|~{3})/;

/** What a cut block needs to go on: the lines that open it, and a list's next number. */
interface Carry {
  readonly type: string;
  readonly prefix: string;
  readonly start?: number;
}

/** The blocks of one answer, parsed as it grows: only its last block is parsed anew. */
export interface Blocks {
  /** `text`: the whole answer so far, which begins as the one before. `isOver`: nothing more comes. */
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
      // What was cut off is looked at by the next call.
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
  /** How much of the block's source is in the token. */
  readonly length: number;
  readonly carry: Carry | undefined;
}

/** The beginning of a block, and how the rest of it goes on. */
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

/** Where a long paragraph is cut: at a line's end, after a sentence or between words, if there is one in its second half. */
function cutText(text: string): number {
  for (const end of ["\n", ". ", " "]) {
    const at = text.lastIndexOf(end);
    if (at > text.length / 2) return at + end.length;
  }
  const code = text.charCodeAt(text.length - 1);
  return code >= 0xd800 && code < 0xdc00 ? text.length - 1 : text.length;
}
