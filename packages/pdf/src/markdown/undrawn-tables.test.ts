import { describe, expect, it } from "vitest";
import type { Line } from "../text/layout.ts";
import type { Rules } from "../text/styled.ts";
import { pageMarkdown } from "./page-markdown.ts";

/** A piece of text that begins, ends or is centred at a place, at a height that is counted from the top. */
type Align = "left" | "right" | "centre";
function piece(text: string, at: number, depth: number, align: Align = "left", size = 10): Line {
  const width = text.length * 4;
  const left = at - { left: 0, right: width, centre: width / 2 }[align];
  return { text, left, right: left + width, baseline: 700 - depth, size };
}

function rowsIn(lines: readonly Line[], rules?: Rules): string[][] {
  const [table = "", ...more] = pageMarkdown(lines, { rules })
    .split("\n\n")
    .filter((block) => block.startsWith("|"));
  expect(more).toEqual([]);
  const rows = table.split("\n").map((row) => row.slice(2, -2).split(" | "));
  return rows.filter((_, index) => index !== 1).map((row) => row.map((cell) => cell.trim()));
}

/** A piece in which words stand at the given places. */
function row(words: ReadonlyArray<readonly [text: string, left: number]>, depth: number): Line {
  const places = words.map(([text, left]) => ({ left, right: left + 4 * text.length }));
  const [first, last] = [places[0]!, places.at(-1)!];
  const text = words.map(([word]) => word).join(" ");
  return { text, left: first.left, right: last.right, baseline: 700 - depth, size: 10, words: places };
}

const LONG = ["Holds the boat at the pier while the", "tide goes out, and is checked before", "each season begins."];
const long = (depth: number, step = 13): Line[] => LONG.map((text, index) => piece(text, 150, depth + step * index));
const HEAD = ["Part", "What it is for", "Price"];
const head = HEAD.map((text, index) => piece(text, [50, 150, 360][index]!, 0));
const NUMBERS = [
  ["Aalen", "1,204.7", "12.30"],
  ["Bergvik", "98.0", "7.10"],
  ["Corvo", "310.5", "31.00"],
  ["Drangsnes", "4.2", "9.90"],
];
const numbers = (depth: number, step: number): Line[] =>
  NUMBERS.flatMap((texts, at) =>
    texts.map((text, index) => piece(text, [50, 300, 450][index]!, depth + at * step, index === 0 ? "left" : "right")),
  );

describe("a table without drawn cells", () => {
  it("has cells of several lines, centred beside cells of one line", () => {
    const lines = [piece("Rope", 50, 37), ...long(24), piece("12.50", 360, 37), piece("Oar", 50, 75)];
    expect(rowsIn([...head, ...lines, piece("Moves the boat.", 150, 75), piece("9.00", 360, 75)])).toEqual([
      HEAD,
      ["Rope", LONG.join(" "), "12.50"],
      ["Oar", "Moves the boat.", "9.00"],
    ]);
  });

  it("has cells of several lines if its rows are no farther apart than these", () => {
    const lines = [piece("Rope", 50, 13), ...long(13), piece("12.50", 360, 13), piece("Oar", 50, 52)];
    expect(rowsIn([...head, ...lines, piece("Moves the boat.", 150, 52), piece("9.00", 360, 52)])).toEqual([
      HEAD,
      ["Rope", LONG.join(" "), "12.50"],
      ["Oar", "Moves the boat.", "9.00"],
    ]);
  });

  it("has the heads of wide columns in these columns", () => {
    const heads = ["Harbour", "Boats", "Crew"].map((text, index) => piece(text, [110, 230, 400][index]!, 0, "centre"));
    expect(rowsIn([...heads, ...numbers(20, 18)])).toEqual([["Harbour", "Boats", "Crew"], ...NUMBERS]);
  });

  it("has the head of two columns in the first of them", () => {
    const heads = [piece("Harbour", 50, 0), piece("In the summer", 350, 0, "centre")];
    const units = [piece("Boats", 300, 18, "right"), piece("Crew", 450, 18, "right")];
    expect(rowsIn([...heads, ...units, ...numbers(36, 18)]).slice(0, 2)).toEqual([
      ["Harbour", "In the summer", ""],
      ["", "Boats", "Crew"],
    ]);
  });

  it("has columns also where one head is wider than its column", () => {
    const heads = [
      row(
        [
          ["Harbour and its country", 50],
          ["Boats that came in", 167],
          ["Crew", 430],
        ],
        0,
      ),
    ];
    const rows = rowsIn([
      ...heads,
      ...NUMBERS.flatMap((texts, at) =>
        texts.map((text, index) => piece(text, [50, 220, 450][index]!, 18 * (at + 1), index === 0 ? "left" : "right")),
      ),
    ]);
    expect(rows.slice(-NUMBERS.length)).toEqual(NUMBERS);
  });

  it("has rows that are far apart, if they are aligned", () => {
    expect(rowsIn(numbers(0, 70))).toEqual(NUMBERS);
  });

  it("has headings between its rows", () => {
    const [first, second] = [numbers(0, 18), numbers(90, 18)];
    expect(rowsIn([...first, piece("Harbours of the south", 50, 72), ...second])).toEqual([
      ...NUMBERS,
      ["Harbours of the south", "", ""],
      ...NUMBERS,
    ]);
    const page = pageMarkdown([...first, piece("Harbours of the south", 50, 72, "left", 11.5), ...second]);
    expect(page.split("\n\n")[1]).toBe("### Harbours of the south");
  });

  it("has rows in which all gaps are narrow", () => {
    const narrow = row(
      [
        ["Northern-Isle", 50],
        ["12,345,678.90", 113],
        ["98,765,432.10", 175],
      ],
      54,
    );
    const wide = numbers(0, 18)
      .slice(0, 9)
      .map((line, index) => {
        const right = [0, 165, 227][index % 3]!;
        return right === 0 ? line : { ...line, left: right - line.right + line.left, right };
      });
    expect(rowsIn([...wide, narrow]).at(-1)).toEqual(["Northern-Isle", "12,345,678.90", "98,765,432.10"]);
  });

  it("has the dots after a name in the cell of the name", () => {
    const lines = ["Aalen", "Bergvik", "Corvo", "Esbjerg"].flatMap((name, at) => [
      row(
        [
          [name, 50],
          ["..........", 90 + 5 * (at % 2)],
        ],
        14 * at,
      ),
      piece(`${at}.50`, 200, 14 * at),
    ]);
    expect(rowsIn(lines)[1]).toEqual(["Bergvik ..........", "1.50"]);
  });

  it("has rows whose numbers are in a smaller type than their names", () => {
    const lines = ["Aalen", "Bergvik", "Corvo"].flatMap((name, at) => [
      piece(name, 50, 18 * at),
      piece(`${at}.50`, 200, 18 * at, "left", at === 1 ? 10 : 8),
      piece(`${at}.25`, 300, 18 * at, "left", 8),
    ]);
    expect(rowsIn(lines)).toHaveLength(3);
  });

  it("is no list of footnotes at the end of the page, in a smaller type, with numbers at the beginning of rows", () => {
    const text = Array.from({ length: 9 }, (_, at) =>
      piece("The lamp is lit at dusk and is watched.", 50, 12 * at, "left", 14),
    );
    const rows = ["Rope", "4-6 years old", "7-9 years old"].map((name, at) => [name, `${at}.50`, `${at}.25`]);
    const table = rows.flatMap((texts, at) => texts.map((cell, index) => piece(cell, 50 + 100 * index, 130 + 14 * at)));
    expect(rowsIn([...text, ...table])).toEqual(rows);
  });

  it("has more columns than drawn lines separate, if these separate groups of columns only", () => {
    const rows = NUMBERS.map(([name = "", ...more]) => [name, ...more, ...more]);
    const lines = rows.flatMap((texts, at) =>
      texts.map((cell, index) =>
        piece(cell, [50, 160, 220, 300, 360][index]!, 18 * at, index === 0 ? "left" : "right"),
      ),
    );
    const upright = [240].map((x) => ({ x, bottom: 600, top: 720 }));
    expect(rowsIn(lines, { across: [], upright })).toEqual(rows);
  });

  it("has a row for each line of numbers, although cells of several lines beside them are no closer together", () => {
    const lines = [
      ...head,
      ...["Rope", "Oar", "Net"].flatMap((name, at) => [
        piece(name, 50, 24 + 36 * at),
        ...["Holds the boat at the pier.", "Has been there before."].map((text, line) =>
          piece(text, 150, 24 + 36 * at + 12 * line),
        ),
        piece(`${at}.50`, 360, 24 + 36 * at),
      ]),
      piece("Sail", 50, 120),
      piece("Pulls.", 150, 120),
      piece("4.50", 360, 120),
    ];
    expect(rowsIn(lines).map(([name]) => name)).toEqual(["Part", "Rope", "Oar", "Net", "Sail"]);
  });

  it("is in order from top to bottom, if rows in the middle of it are drawn last", () => {
    const heads = ["Harbour", "Boats", "Catch"].map((text, at) =>
      piece(text, [50, 300, 450][at]!, 0, at ? "right" : "left"),
    );
    const later = [...heads, ...numbers(110, 18), piece("The harbours of the north", 50, 20), ...numbers(38, 18)];
    const note = piece("A note that is drawn between the rows, and stands below the table.", 50, 210);
    const across = [695, 584].map((y) => ({ y, left: 50, right: 450 }));
    for (const lines of [later, [...later.slice(0, 15), note, ...later.slice(15)]])
      expect(rowsIn(lines, { across, upright: [] })).toEqual([
        ["Harbour", "Boats", "Catch"],
        ["The harbours of the north", "", ""],
        ...NUMBERS,
        ...NUMBERS,
      ]);
  });
});
