import { createBlocks } from "../parsing/blocks.ts";
import { lex, PATTERNS } from "../parsing/lex.ts";

export { createBlocks };

/** Samples that together contain each kind of block and of inline text. */
const SAMPLES = [
  "Words of **weight**, *others*, `code`, ~~none~~ and a [link](https://example.test/ 'a').",
  "# A heading\n\nand another\n===\n\n---\n",
  "- one\n- two\n  1. inner\n\n- [x] done\n",
  "| a | b |\n|---|--:|\n| 1 | 2 |\n",
  "```js\nconst one = 1;\n```\n\n    four\n",
  "> a quote\n> goes on  \n> here\n",
  "A price of $5, $x^2$, \\(y\\), and\n\n$$\\frac{a}{b}$$\n\n\\[z\\]\n",
  "[a]: https://example.test/\n\n<b>no markup</b> <https://example.test/> a@example.test ![b](c.png)\\*\n",
];

/**
 * Warm-up steps, each run twice, because browsers compile a pattern when it first runs, and optimise it when it runs
 * again. Texts with letters that are not Latin need another compilation.
 */
const STEPS = [
  ...PATTERNS.map((pattern) => () => run(pattern, "a")),
  ...SAMPLES.map((sample) => () => void lex(sample, Object.create(null) as never)),
  ...PATTERNS.map((pattern) => () => run(pattern, "…")),
];

function run(pattern: RegExp, text: string): void {
  pattern.exec(text);
  pattern.lastIndex = 0;
}

/** The number of steps of `warm` after which an answer is parsed without a long task. */
export const NEEDED_STEPS = 2 * (PATTERNS.length + SAMPLES.length);

/**
 * Runs one pattern or parses one sample, so that the browser compiles it. Must be called with `n` = 0, 1, 2 … Returns
 * whether steps are left.
 */
export function warm(n: number): boolean {
  STEPS[n >> 1]?.();
  return n + 1 < 2 * STEPS.length;
}
