import { Lexer, Marked, type Links, type Token, type TokenizerExtension } from "marked";

export type { Links, Token };
export type MathToken = {
  readonly type: "math";
  readonly raw: string;
  readonly tex: string;
  readonly isBlock: boolean;
};

/**
 * The most characters of a formula that is drawn. A longer formula is shown as its source, because drawing it would
 * block the page.
 */
const MAX_TEX = 5000;

/**
 * Returns the formula at the beginning of a text: `$$…$$`, `\[…\]`, `\(…\)`, or `$…$` with no space just inside the
 * dollar signs and no digit after them, so that prices stay prices. Undefined if there is none, or if it is longer than
 * `MAX_TEX`.
 */
export function mathAt(source: string): MathToken | undefined {
  const found =
    /^\$\$((?:[^$\\]|\\[^])+?)\$\$/.exec(source) ??
    /^\\\[((?:[^\\]|\\[^\]])+?)\\\]/.exec(source) ??
    /^\\\(((?:[^\\\n]|\\[^)\n])+?)\\\)/.exec(source) ??
    /^\$(?![\s$])((?:[^$\\\n]|\\[^\n])+?)(?<!\s)\$(?![\d$])/.exec(source);
  const tex = found?.[1]?.trim();
  if (!found || !tex || tex.length > MAX_TEX) return undefined;
  return { type: "math", raw: found[0], tex, isBlock: /^(\$\$|\\\[)/.test(source) };
}

const MATH: TokenizerExtension = {
  name: "math",
  level: "inline",
  start: (source) => {
    const at = source.search(/\$|\\[[(]/);
    return at < 0 ? undefined : at;
  },
  tokenizer: (source) => mathAt(source),
};
const options = new Marked({ gfm: true, extensions: [MATH] }).defaults;

/**
 * The patterns of the parser. Browsers compile each pattern at its first run, and all of them together take longer
 * than a frame.
 */
export const PATTERNS: readonly RegExp[] = [Lexer.rules.block.gfm, Lexer.rules.inline.gfm].flatMap((rules) =>
  Object.values(rules).filter((rule) => rule instanceof RegExp),
);

/**
 * Returns the tokens of a Markdown text, in GitHub's dialect and with formulas. `links` holds the link definitions
 * found so far, and new ones are added. Line ends are `\n`. Markdown that is nested too deeply becomes one paragraph
 * of plain text.
 */
export function lex(source: string, links: Links): Token[] {
  const lexer = new Lexer(options);
  lexer.tokens.links = links;
  try {
    return [...lexer.lex(source)];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [{ type: "paragraph", raw: source, text: source, tokens: [{ type: "text", raw: source, text: source }] }];
  }
}
