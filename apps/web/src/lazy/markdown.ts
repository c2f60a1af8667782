import { createBlocks } from "../parsing/blocks.ts";
import { lex } from "../parsing/lex.ts";

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

/**
 * Parses the n-th sample. Browsers compile each pattern when it first runs, all of them together for longer than a frame: call
 * it for 0, 1, 2 … while nothing else is to be done. Returns whether there is another one.
 */
export function warm(n: number): boolean {
  const sample = SAMPLES[n];
  // Twice: what runs again is compiled for good.
  if (sample !== undefined) for (let time = 0; time < 2; time++) lex(sample, Object.create(null) as never);
  return n + 1 < SAMPLES.length;
}
