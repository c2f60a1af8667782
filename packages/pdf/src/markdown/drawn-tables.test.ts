import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Line } from "../text/layout.ts";
import type { Rules } from "../text/styled.ts";
import { pageMarkdown } from "./page-markdown.ts";

const XS = [50, 150, 350, 450];

/** A line of a cell in the given column, at a height that is counted from the top of the table. */
function piece(text: string, column: number, depth: number, more: Partial<Line> = {}): Line {
  const left = (XS[column] ?? 0) + 5;
  return { text, left, right: left + text.length * 5, baseline: 700 - depth, size: 10, ...more };
}

/** Boxes of drawn lines, as one shape for each box. `spans`: from which column to which, for each box of each row. */
function boxes(depths: readonly number[], spans: ReadonlyArray<ReadonlyArray<readonly [number, number]>>): Rules {
  const drawn = spans.flatMap((row, index) =>
    row.map(([from, to]) => ({
      left: XS[from] ?? 0,
      right: XS[to] ?? 0,
      top: 700 - (depths[index] ?? 0),
      bottom: 700 - (depths[index + 1] ?? 0),
    })),
  );
  return {
    across: drawn.flatMap(({ left, right, top, bottom }) => [top, bottom].map((y) => ({ y, left, right }))),
    upright: drawn.flatMap(({ left, right, top, bottom }) => [left, right].map((x) => ({ x, top, bottom }))),
  };
}
const WHOLE: ReadonlyArray<readonly [number, number]> = [
  [0, 1],
  [1, 2],
  [2, 3],
];

function rowsIn(lines: readonly Line[], rules: Rules): string[][] {
  const [table = ""] = pageMarkdown(lines, { rules })
    .split("\n\n")
    .filter((block) => block.startsWith("|"));
  const rows = table.split("\n").map((row) => row.slice(2, -2).split(" | "));
  return rows.filter((_, index) => index !== 1).map((row) => row.map((cell) => cell.trim()));
}

const LONG = ["Holds the boat at the pier while the", "tide goes out, and is checked before", "each season begins."];
const HEAD = [piece("Part", 0, 14), piece("What it is for", 1, 14), piece("Price", 2, 14)];
const long = (depth: number): Line[] => LONG.map((text, index) => piece(text, 1, depth + 13 * index));

describe("a table with drawn cells", () => {
  it("has its cells, however their lines are aligned, and however far apart its rows are", () => {
    const lines = [...HEAD, piece("Rope", 0, 53), ...long(40), piece("12.50", 2, 53), piece("Oar", 0, 220)];
    const rules = boxes([0, 20, 80, 300], [WHOLE, WHOLE, WHOLE]);
    expect(rowsIn([...lines, piece("Moves it.", 1, 220), piece("9.00", 2, 220)], rules)).toEqual([
      ["Part", "What it is for", "Price"],
      ["Rope", LONG.join(" "), "12.50"],
      ["Oar", "Moves it.", "9.00"],
    ]);
  });

  it("has a cell that spans rows or columns in the first of them", () => {
    const lines = [piece("All parts", 0, 14), piece("Rope", 0, 50), piece("long", 1, 34), piece("1.00", 2, 34)];
    const rules = boxes([0, 20, 40, 60], [[[0, 3]], WHOLE.slice(1), WHOLE.slice(1)]);
    const upright = [...rules.upright, { x: 50, top: 700, bottom: 640 }];
    expect(rowsIn([...lines, piece("short", 1, 54), piece("0.50", 2, 54)], { ...rules, upright })).toEqual([
      ["All parts", "", ""],
      ["Rope", "long", "1.00"],
      ["", "short", "0.50"],
    ]);
  });

  it("has cells also in the rows that are not coloured", () => {
    const rows = ["Rope", "Oar", "Net", "Sail"].map((text, row) => [text, "for the boat", `${row}.00`]);
    const lines = rows.flatMap((row, at) => row.map((text, column) => piece(text, column, 14 + 20 * at)));
    const edge = { x: 50, top: 700, bottom: 620 };
    const rules = boxes([0, 20, 40, 60, 80], [WHOLE, [], WHOLE, []]);
    expect(rowsIn(lines, { across: rules.across, upright: [...rules.upright, edge] })).toEqual(rows);
  });

  it("has a row for each line of a group of rows without lines between them", () => {
    const rows = ["Rope", "Oar", "Net", "Sail"].map((text, row) => [text, "for the boat", `${row}.00`]);
    const lines = rows.flatMap((row, at) => row.map((text, column) => piece(text, column, 34 + 13 * at)));
    expect(rowsIn([...HEAD, ...lines], boxes([0, 20, 90], [WHOLE, WHOLE]))).toEqual([
      ["Part", "What it is for", "Price"],
      ...rows,
    ]);
  });

  it("has no column for the space between the edge of a cell and the edge of its colour", () => {
    const lines = [...HEAD, piece("Rope", 0, 34), piece("ties", 1, 34), piece("1.00", 2, 34)];
    const { across, upright } = boxes([0, 20, 40], [WHOLE, WHOLE]);
    const inner = upright.filter(({ bottom }) => bottom < 675).map(({ x, ...rest }) => ({ x: x + 4.5, ...rest }));
    expect(rowsIn(lines, { across, upright: [...upright.slice(0, 6), ...inner] })).toEqual([
      ["Part", "What it is for", "Price"],
      ["Rope", "ties", "1.00"],
    ]);
  });

  it("has apart what stands close to both sides of a drawn line", () => {
    const words = [55, 146, 155].map((left, index) => ({ left, right: [80, 149, 175][index] ?? 0 }));
    const close = piece("Rope m ties", 0, 34, { right: 175, words });
    const rules = boxes([0, 20, 40], [WHOLE, WHOLE]);
    expect(rowsIn([...HEAD, close, piece("1.00", 2, 34)], rules)[1]).toEqual(["Rope m", "ties", "1.00"]);
  });

  it("is whole if its text is drawn in another order, with other text between", () => {
    const lines = [...HEAD, piece("A note below the table.", 0, 90), piece("Rope", 0, 34), piece("ties", 1, 34)];
    expect(rowsIn(lines, boxes([0, 20, 40], [WHOLE, WHOLE]))).toEqual([
      ["Part", "What it is for", "Price"],
      ["Rope", "ties", ""],
    ]);
  });

  it("is none if one of its boxes holds the text of the page", () => {
    const text = Array.from({ length: 20 }, (_, at) => piece("The lamp is lit at dusk.", 1, 34 + 13 * at));
    const frame = [...HEAD, piece("Page 1", 0, 34), ...text];
    expect(pageMarkdown(frame, { rules: boxes([0, 20, 400], [WHOLE, WHOLE]) })).not.toContain("| Page 1 |");
  });

  it("is none if the boxes are drawn over prose", () => {
    const words = (from: number): Line["words"] =>
      Array.from({ length: 13 }, (_, at) => ({ left: from + 30 * at, right: from + 30 * at + 27 }));
    const prose = [14, 27, 40, 53].map((depth, at): Line => {
      const text = "lamps lit at dusk each night ".repeat(3).trim().split(" ").slice(0, 13).join(" ");
      return { text, left: 52 + at, right: 52 + at + 387, baseline: 700 - depth, size: 10, words: words(52 + at) };
    });
    const rules = boxes([0, 20, 60], [WHOLE, WHOLE]);
    expect(pageMarkdown(prose, { rules })).not.toContain("|");
  });

  it("is apart from other tables, headings and texts in one frame", () => {
    const rows = (depth: number): Line[] =>
      [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => piece(`${row}${column}`, column, depth + 14 + 20 * row)));
    const text = [100, 113, 126].map((depth) => piece("The lamp is lit at dusk.", 0, depth));
    const lines = [...rows(0), ...text, piece("Boats", 0, 165, { size: 15 }), ...rows(180)];
    const depths = [0, 20, 40, 60, 140, 180, 200, 220, 240];
    const rules = boxes(depths, [WHOLE, WHOLE, WHOLE, [[0, 3]], [[0, 3]], WHOLE, WHOLE, WHOLE]);
    const table = "| 00 | 01 | 02 |\n| --- | --- | --- |\n| 10 | 11 | 12 |\n| 20 | 21 | 22 |";
    const outer = {
      across: [704, 456].map((y) => ({ y, left: 46, right: 454 })),
      upright: [46, 454].map((x) => ({ x, top: 704, bottom: 456 })),
    };
    const framed = { across: [...rules.across, ...outer.across], upright: [...rules.upright, ...outer.upright] };
    for (const drawn of [rules, framed])
      expect(pageMarkdown(lines, { rules: drawn }).split("\n\n")).toEqual([
        table,
        ...text.map((one) => one.text),
        "## Boats",
        table,
      ]);
  });

  it("does not divide the box of a form", () => {
    const lines = [...HEAD, piece("[ ] Rope", 0, 34, { left: 144, right: 190 }), piece("1.00", 2, 34)];
    expect(rowsIn(lines, boxes([0, 20, 40], [WHOLE, WHOLE]))[1]).toEqual(["[ ]", "Rope", "1.00"]);
  });

  it("loses and doubles no word, whatever is drawn where", () => {
    const place = fc.integer({ min: 0, max: 30 }).map((at) => 50 + 10 * at);
    const box = fc.record({ left: place, top: place, columns: fc.integer({ min: 1, max: 4 }) });
    const text = fc.record({ left: place, baseline: place, length: fc.integer({ min: 1, max: 30 }) });
    fc.assert(
      fc.property(fc.array(box, { maxLength: 8 }), fc.array(text, { maxLength: 30 }), (drawn, texts) => {
        const lines = texts.map(({ left, baseline, length }, index) => {
          return {
            text: `w${index}${"x".repeat(length)} v${index}`,
            left,
            right: left + 5 * length,
            baseline,
            size: 10,
          };
        });
        const all = drawn.flatMap(({ left, top, columns }) =>
          Array.from({ length: columns }, (_, at) => ({ left: left + 40 * at, right: left + 40 * at + 40, top })),
        );
        const rules = {
          across: all.flatMap(({ left, right, top }) => [top, top - 20].map((y) => ({ y, left, right }))),
          upright: all.flatMap(({ left, right, top }) => [left, right].map((x) => ({ x, top, bottom: top - 20 }))),
        };
        const words = pageMarkdown(lines, { rules }).match(/[wv]\d+/g) ?? [];
        expect(words.toSorted()).toEqual(lines.flatMap((line) => line.text.match(/[wv]\d+/g) ?? []).toSorted());
      }),
    );
  });
});
