import { describe, expect, it } from "vitest";
import { pageText } from "../text/layout.ts";
import { SCANNED, wordLines } from "./word-lines.ts";
import { confidenceOf, wordsOf, type Word } from "./words.ts";

/**
 * The words of a line that begins at `left`, with 12 pixels for each letter. `block`: the number of the block to which
 * the line belongs.
 */
function line(text: string, { left = 0, top, block }: { left?: number; top: number; block: number }): Word[] {
  let x = left;
  return text.split(" ").map((word) => {
    const from = x;
    x += 12 * (word.length + 1);
    return {
      text: word,
      confidence: 95,
      left: from,
      right: x - 12,
      top,
      bottom: top + 30,
      block,
      line: `${block}.${top}`,
    };
  });
}
const textOf = (words: Word[]): string => pageText(wordLines(words), SCANNED);

describe("wordLines", () => {
  it("puts columns of a table that were read one after the other into rows", () => {
    const names = ["Copper wire", "Oak planks", "Lamp oil"].flatMap((text, row) =>
      line(text, { top: 50 * row, block: 1 }),
    );
    const prices = ["18.40", "7.95", "3.60"].flatMap((text, row) =>
      line(text, { left: 600, top: 50 * row + 4, block: 2 }),
    );
    expect(textOf([...names, ...prices])).toBe("Copper wire\t18.40\nOak planks\t7.95\nLamp oil\t3.60");
  });

  it("puts a column into the rows of its table, too, if it was read in two parts", () => {
    const column = (left: number, texts: string[], block: number): Word[] =>
      texts.flatMap((text, row) => line(text, { left, top: 50 * row, block: row < 3 ? block : block + 1 }));
    const names = column(0, ["Copper wire", "Oak planks", "Lamp oil", "Rope"], 1);
    const prices = column(600, ["18.40", "7.95", "3.60", "2.10"], 3);
    expect(textOf([...names, ...prices])).toBe("Copper wire\t18.40\nOak planks\t7.95\nLamp oil\t3.60\nRope\t2.10");
  });

  it("keeps the rows of a table under a short title or an address", () => {
    const title = ["Price list", "Spring 2026"].flatMap((text, row) => line(text, { top: 50 * row, block: 1 }));
    const names = ["Copper wire", "Oak planks", "Lamp oil"].flatMap((text, row) =>
      line(text, { top: 130 + 50 * row, block: 2 }),
    );
    const prices = ["18.40", "7.95", "3.60"].flatMap((text, row) =>
      line(text, { left: 600, top: 130 + 50 * row, block: 3 }),
    );
    const rows = "Copper wire\t18.40\nOak planks\t7.95\nLamp oil\t3.60";
    expect(textOf([...title, ...names, ...prices])).toBe(`Price list\nSpring 2026\n${rows}`);
  });

  it("keeps columns of prose apart, and joins their lines", () => {
    const rows = ["the ships that came from the ports in the", "north were counted by the clerks of the", "harbour"];
    const left = rows.flatMap((text, row) => line(text, { top: 50 * row, block: 1 }));
    const right = rows.flatMap((text, row) => line(text, { left: 600, top: 50 * row, block: 2 }));
    expect(textOf([...left, ...right])).toBe(`${rows.join(" ")}\n${rows.join(" ")}`);
  });

  it("has a tab where cells of a line stand far apart", () => {
    expect(textOf([...line("Rope 96", { top: 0, block: 1 }), ...line("22.10", { left: 400, top: 0, block: 1 })])).toBe(
      "Rope 96\t22.10",
    );
  });
});

describe("wordsOf", () => {
  it("takes the words of Tesseract's table, and how sure it is of them", () => {
    const words = wordsOf(
      [
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext",
        "4\t1\t1\t1\t1\t0\t263\t289\t1642\t92\t-1\t",
        "5\t1\t1\t1\t1\t1\t263\t290\t337\t70\t90.5\tAnnual",
        "5\t1\t1\t1\t1\t2\t627\t299\t297\t82\t80.5\treport",
        "5\t1\t1\t1\t1\t3\t954\t289\t96\t71\t95\t ",
      ].join("\n"),
    );
    expect(words).toMatchObject([
      { text: "Annual", left: 263, right: 600, top: 290, bottom: 360, block: 1, line: "1.1.1" },
      { text: "report", confidence: 80.5 },
    ]);
    expect(confidenceOf(words)).toBe(85.5);
    expect(confidenceOf([])).toBe(0);
  });
});
