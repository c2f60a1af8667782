import { createBlocks } from "../parsing/blocks.ts";
import { lex, PATTERNS } from "../parsing/lex.ts";

export { createBlocks };

/** Each kind of block and of inline text, alone. */
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

/** Browsers compile a pattern once for texts of Latin letters alone and once for others. */
const TEXTS = ["a", "…"];
const RUNS = TEXTS.flatMap((text) => PATTERNS.map((pattern) => ({ pattern, text })));

/**
 * Runs one pattern, or after all of them parses one sample, so that what browsers compile when it first runs is compiled: call it for
 * 0, 1, 2 … while nothing else is to be done. Returns whether there is more.
 */
export function warm(n: number): boolean {
  const [run, sample] = [RUNS[n], SAMPLES[n - RUNS.length]];
  // Twice: what runs again is compiled for good.
  for (let time = 0; time < 2; time++) {
    if (run) run.pattern.exec(run.text);
    else if (sample !== undefined) lex(sample, Object.create(null) as never);
  }
  if (run) run.pattern.lastIndex = 0;
  return n + 1 < RUNS.length + SAMPLES.length;
}
