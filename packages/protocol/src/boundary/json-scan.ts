/*
 * Functions that scan JSON text without parsing it. Parsing untrusted text has two hazards: code that walks a deeply
 * nested value overflows the stack, and a text with many parts takes many times its size once parsed. None of these
 * functions recurses, and each of them takes linear time.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
/** `[` and `{` differ only in this bit, and so do `]` and `}`. */
const CURLY_BIT = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * JSON, as a string or as UTF-8 bytes. Both are scanned in the same way, because all characters of JSON's syntax are
 * ASCII.
 */
export type JsonText = string | Uint8Array;

/** The bounds of {@link jsonShape}. */
export interface JsonBounds {
  /** How many arrays and objects may be nested inside each other; `[[1]]` has 2. */
  readonly depth: number;
  /**
   * How many opening brackets and commas the text may have together; default: any number. A text has at most one value
   * more than it has opening brackets and commas.
   */
  readonly parts?: number;
}

/**
 * Returns which bound a text exceeds first, `deep` or `many`; `fit` if it exceeds none. Brackets and commas inside
 * strings do not count. Never throws; for a text that is not JSON, the result has no meaning.
 */
export function jsonShape(text: JsonText, { depth: maxDepth, parts: maxParts = Infinity }: JsonBounds): JsonShape {
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < text.length; at++) {
    const code = codeAt(text, at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if ((code | CURLY_BIT) === OPEN) {
      parts++;
      if (++depth > maxDepth) return "deep";
    } else if ((code | CURLY_BIT) === CLOSE) {
      depth--;
    } else if (code === COMMA) {
      parts++;
    }
    if (parts > maxParts) return "many";
  }
  return "fit";
}
export type JsonShape = "fit" | "deep" | "many";

/**
 * A member of an object. `key` is unescaped. The other fields are offsets in the text: the member begins at `from`, and
 * its value is from `value` up to `to`.
 */
export interface JsonMember {
  readonly key: string;
  readonly from: number;
  readonly value: number;
  readonly to: number;
}

/**
 * Returns the members of the outermost object, in order; a key that occurs twice is returned twice. `json` must be a
 * valid JSON object.
 */
export function jsonMembers(json: string): JsonMember[] {
  const members: JsonMember[] = [];
  let at = afterSpace(json, json.indexOf("{") + 1);
  while (codeAt(json, at) === QUOTE) {
    const from = at;
    const keyEnd = endOfString(json, from) + 1;
    const value = afterSpace(json, json.indexOf(":", keyEnd) + 1);
    const to = endOfValue(json, value);
    members.push({ key: JSON.parse(json.slice(from, keyEnd)) as string, from, value, to });
    at = afterSpace(json, to);
    if (codeAt(json, at) === COMMA) at = afterSpace(json, at + 1);
  }
  return members;
}

/** Returns the index after the value that begins at `from`. */
function endOfValue(json: string, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; at++) {
    const code = codeAt(json, at);
    if (code === QUOTE) {
      at = endOfString(json, at);
    } else if ((code | CURLY_BIT) === OPEN) {
      depth++;
      continue;
    } else if ((code | CURLY_BIT) === CLOSE) {
      if (--depth < 0) return at; // the value was a number or a literal, and this bracket ends the object around it
    } else if (depth > 0 || !(code === COMMA || isSpace(code))) {
      continue;
    } else {
      return at;
    }
    if (depth === 0) return at + 1;
  }
  return json.length;
}

/** Returns the index of the closing quote of the string that begins at `from`; the text's length if there is none. */
function endOfString(text: JsonText, from: number): number {
  for (let at = nextQuote(text, from + 1); at >= 0; at = nextQuote(text, at + 1)) {
    let slashes = 0;
    while (codeAt(text, at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}

function nextQuote(text: JsonText, from: number): number {
  return typeof text === "string" ? text.indexOf('"', from) : text.indexOf(QUOTE, from);
}

function codeAt(text: JsonText, at: number): number {
  return typeof text === "string" ? text.charCodeAt(at) : (text[at] ?? Number.NaN);
}

function afterSpace(json: string, from: number): number {
  let at = from;
  while (isSpace(codeAt(json, at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
