import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBlocks, type Block } from "./blocks.ts";
import { heldBack } from "./hold-back.ts";
import { warm } from "../lazy/markdown.ts";
import { lex, mathAt } from "./lex.ts";

/** Returns the blocks shown at each step of a text that grows by `step` characters, as type and source. */
function written(text: string, step: number): string[][] {
  const blocks = createBlocks();
  const settled: Block[] = [];
  const shown: string[][] = [];
  for (let end = step; ; end += step) {
    const isOver = end >= text.length;
    let grown = blocks.grow(text.slice(0, end), isOver);
    settled.push(...grown.settled);
    for (; grown.more; settled.push(...grown.settled)) grown = blocks.grow(text.slice(0, end), isOver);
    const all = [...settled, ...grown.tail].filter(({ token }) => token.type !== "space");
    shown.push(all.map(({ token, joins }) => `${joins ? "+" : ""}${token.type}`));
    if (isOver) return shown;
  }
}
const types = (text: string): string[] =>
  lex(text, Object.create(null) as never)
    .map(({ type }) => type)
    .filter((type) => type !== "space");

const ANSWER = [
  "# Title\n\nText with **bold**:\n- one\n- two\n\n  more of two\n\n1. first\n2. second",
  "| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 | 4 |",
  "```js\nlet a = 1;\n\n- no list\n```\n\nend\n===\n\n> quote\n> more\n\n---",
].join("\n\n");

describe("an answer that grows", () => {
  it("has the same blocks in the end as when it is read at once", () => {
    for (const step of [1, 2, 7, 1000]) expect(written(ANSWER, step).at(-1)).toEqual(types(ANSWER));
  });
  it("never shows as one kind of block what becomes another", () => {
    const steps = written(ANSWER, 1);
    const end = steps.at(-1) ?? [];
    // Only the underlined heading may be shown as another kind of block, a paragraph, before its underline arrives.
    const sure = end.map((type, index) => (type === "heading" && index > 0 ? "paragraph" : type));
    for (const step of steps) for (const [n, type] of step.entries()) expect([end[n], sure[n]]).toContain(type);
  });
  it("loses nothing, whatever it is and however it comes", () => {
    const piece = fc.constantFrom(
      "a",
      " ",
      "\n",
      "\n\n",
      "- ",
      "1. ",
      "|",
      "---",
      "```",
      "**",
      "$",
      "> ",
      "    ",
      "é😀",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (pieces, step) => {
        const text = pieces.join("");
        expect(written(text, step).at(-1)).toEqual(written(text, 10_000).at(-1));
      }),
    );
  });
});

describe("a very long block", () => {
  const row = "| cell of the table | 12 |\n";
  it.each([
    ["paragraph", "A word of the long answer. ".repeat(2000)],
    ["list", "- an item of the list\n".repeat(2000)],
    ["table", `| a | b |\n|---|---|\n${row.repeat(2000)}`],
    ["code", `\`\`\`\n${"a line of code\n".repeat(4000)}\`\`\``],
    ["code", `\`\`\`\n${"x".repeat(50_000)}\n\`\`\``],
  ])("%s is parsed in parts that are one on the page", (type, text) => {
    for (const step of [999, 100_000]) {
      const blocks = createBlocks();
      const pieces: Block[] = [];
      let longest = 0;
      for (let end = step; end < text.length + step; end += step) {
        for (let more = true; more;) {
          const grown = blocks.grow(text.slice(0, end), end >= text.length);
          pieces.push(...grown.settled);
          longest = Math.max(longest, ...grown.tail.map(({ token }) => token.raw.length));
          more = grown.more;
          if (!more && end >= text.length) pieces.push(...grown.tail.filter(({ token }) => token.type !== "space"));
        }
      }
      expect(pieces.length).toBeGreaterThan(4);
      expect(new Set(pieces.map(({ token }) => token.type))).toEqual(new Set([type]));
      expect(pieces.map(({ joins }) => joins)).toEqual(pieces.map((_, index) => index > 0));
      expect(longest).toBeLessThan(12_000);
    }
  });
  it("keeps its words, rows and lines", () => {
    const rows = Array.from({ length: 1000 }, (_, n) => `| ${n} | b |\n`).join("");
    const blocks = createBlocks();
    const found: string[] = [];
    const text = `| a | b |\n|---|---|\n${rows}`;
    for (let more = true; more;) {
      const grown = blocks.grow(text, true);
      for (const { token } of [...grown.settled, ...grown.tail])
        if (token.type === "table") found.push(...token["rows"].map(([cell]: Array<{ text: string }>) => cell?.text));
      more = grown.more;
    }
    expect(found).toEqual(Array.from({ length: 1000 }, (_, n) => `${n}`));
  });
});

it.each([
  ["Text:\n-", 1],
  ["Text:\n- a", 0],
  ["a\n\n| x | y", 7],
  ["a\n\n| x | y |\n|--", 12 + 1],
  ["| x | y |\n|---|---|\n| 1", 0],
  ["a\n``", 2],
  ["a\n```js", 5],
  ["```js\nlet", 0],
  ["a\n12", 2],
  ["in 12", 0],
  ["", 0],
])("of %j the last %d characters are held back", (text, count) => expect(heldBack(text)).toBe(count));

it.each([
  ["$x^2$ and", "x^2"],
  ["$5 and $10", undefined],
  ["$5-$10", undefined],
  ["$$\na\n$$", "a"],
  ["\\(a_1\\)", "a_1"],
  ["\\[a\\]", "a"],
  ["$unfinished", undefined],
])("the formula of %j is %j", (text, tex) => expect(mathAt(text)?.tex).toBe(tex));

it("what is compiled ahead ends, and changes nothing of what is parsed", () => {
  const before = types(ANSWER);
  let steps = 1;
  for (; warm(steps - 1); steps++) expect(steps).toBeLessThan(400);
  expect(steps).toBeGreaterThan(60);
  expect(types(ANSWER)).toEqual(before);
});
