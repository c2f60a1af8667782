import { describe, expect, it } from "vitest";
import { inReadingOrder } from "./right-to-left.ts";
import {
  areStacked,
  bySlopedLine,
  commonBaseline,
  byDrawnRun,
  inDrawnOrder,
  isDrawnOver,
  slopedRows,
  type DrawnSign,
  type LinePart,
  type PageSign,
} from "./sloped-lines.ts";

/* In these tests, letters are 5 points wide, and the font size is 10 points. */

const SIZE = 10;
const at = (x: number, baseline: number) => ({ left: x, right: x + 5, baseline, size: SIZE });
let start = 0;
const part = (from: number, to: number, baselines: readonly [number, number], rtl = true): LinePart => {
  start += 10;
  return { start, end: start + 8, rtl, ends: [at(to - 5, baselines[0]), at(from, baselines[1])] };
};
const parts = (given: readonly LinePart[]): number[] => bySlopedLine(given).map((line) => line.length);

describe("parts of right-to-left text", () => {
  it("are one line where a word steps down from one to the next, in either order", () => {
    const steps = [part(0, 30, [100, 100]), part(28, 60, [106, 100]), part(62, 90, [103, 100])];
    expect(parts(steps)).toEqual([3]);
    expect(parts([part(28, 60, [106, 100]), part(0, 30, [100, 100])])).toEqual([2]);
  });

  it("stay apart on one height: they may be cells", () => {
    expect(parts([part(0, 30, [100, 100]), part(32, 60, [100, 100])])).toEqual([1, 1]);
  });

  it("stay apart in lines under one another, in columns, in other sizes, and without right-to-left letters", () => {
    expect(parts([part(0, 30, [100, 100]), part(0, 30, [88, 88])])).toEqual([1, 1]);
    expect(parts([part(0, 30, [103, 100]), part(60, 90, [106, 100])])).toEqual([1, 1]);
    const small: LinePart = {
      start: 1000,
      end: 1001,
      rtl: true,
      ends: [
        { ...at(30, 104), size: 6 },
        { ...at(30, 104), size: 6 },
      ],
    };
    expect(parts([part(0, 30, [100, 100]), small])).toEqual([1, 1]);
    expect(parts([part(0, 30, [100, 100], false), part(28, 60, [106, 100], false)])).toEqual([1, 1]);
  });

  it("without a position stay as they are", () => {
    expect(parts([part(0, 30, [106, 100]), { start: 5000, end: 5004, rtl: false }])).toEqual([1, 1]);
  });

  it("may be lines one above the other where they lie over each other, and not where they stand beside each other", () => {
    expect(areStacked([part(0, 90, [100, 100]), part(0, 60, [90.5, 90.5])])).toBe(true);
    expect(areStacked([part(0, 30, [100, 100]), part(26, 60, [106, 100])])).toBe(false);
    const between = part(59, 70, [90, 90]);
    expect(areStacked([part(30, 60, [99, 99]), between, part(0, 58, [81, 81])])).toBe(true);
  });
});

describe("the signs of a sloped line", () => {
  const drawn = (text: string, x: number, order: number, width = 5): DrawnSign => ({
    text,
    x,
    left: x,
    right: x + width,
    index: 0,
    order,
  });
  const read = (signs: readonly DrawnSign[], blanks: readonly number[] = []): string | undefined =>
    inDrawnOrder(signs, SIZE, (one, other) => blanks.some((blank) => blank > one && blank < other))
      ?.toSorted((one, other) => one.x - other.x)
      .map(({ text }) => text)
      .join("");

  it("stand in the order of drawing, also where a letter is at the right of the next", () => {
    expect(read([drawn("ن", 8, 2), drawn("ه", 0, 0), drawn("ے", 11, 1)])).toBe("هےن");
    expect(read([drawn("ن", 8, 2), drawn("ه", 20, 0), drawn("ے", 11, 1)])).toBe("نےه");
  });

  it("stand in the usual order of drawing if the first and the last are above each other", () => {
    const word = [drawn("ے", 8, 0), drawn("ی", 3, 1), drawn("ل", 7, 2)];
    const ordered = (usual?: 1 | -1): string | undefined =>
      inDrawnOrder(word, SIZE, () => false, usual)
        ?.map(({ text }) => text)
        .join("");
    expect([ordered(), ordered(1), ordered(-1)]).toEqual(["لیے", "ےیل", "لیے"]);
  });

  it("drawn together stand where they are", () => {
    expect(read([drawn("c", 10, 1), drawn("a", 0, 0), drawn("b", 5, 1)])).toBe("abc");
  });

  it("have a blank that PDFium left out, and none without a width", () => {
    expect(read([drawn("ه", 0, 0), drawn("ن", 6, 3)], [1])).toBe("ه ن");
    expect(read([drawn("ه", 0, 0), drawn(" ", 6, 1, 0), drawn("ن", 6, 2)])).toBe("هن");
  });

  it("that are drawn from one place keep their own extents, as the parts of a lam-alef", () => {
    const lam = { ...drawn("ل", 0, 0), left: 2 };
    const signs = inDrawnOrder([lam, drawn("ا", 0, 0), drawn("ب", 6, 1)], SIZE, () => false);
    expect(signs?.map(({ left, right }) => [left, right])).toEqual([
      [2, 5],
      [0, 5],
      [6, 11],
    ]);
    expect(inReadingOrder(signs ?? [], { size: SIZE })).toBe("بلا");
  });

  it("are not known by an order that goes back to the beginning, as from one line to the next", () => {
    const lines = [drawn("a", 0, 0), drawn("b", 6, 0), drawn("c", 12, 0), drawn("d", 2, 1), drawn("e", 8, 1)];
    expect(isDrawnOver(lines, SIZE)).toBe(true);
    expect(
      isDrawnOver(
        lines.map((sign) => ({ ...sign, order: 1 - sign.order })),
        SIZE,
      ),
    ).toBe(true);
    expect(read(lines)).toBeUndefined();
  });

  it("are not known by an order that goes back and forth", () => {
    expect(read([drawn("a", 0, 0), drawn("b", 40, 1), drawn("c", 20, 2), drawn("d", 60, 3)])).toBeUndefined();
  });
});

describe("the runs of a page's parts", () => {
  /** Letters of a run from left to right: the part each belongs to, and its height. */
  const run = (left: number, order: number, letters: ReadonlyArray<readonly [part: number, baseline: number]>) =>
    letters.map(([part, baseline], at): PageSign => {
      const x = left + 5 * at;
      return { text: "ب", x, left: x, right: x + 5, index: order + at, order: order + at, baseline, size: SIZE, part };
    });
  const groups = (...signs: PageSign[][]) => groupsIf(true, ...signs);
  const groupsIf = (isWhole: boolean, ...signs: PageSign[][]) =>
    byDrawnRun(
      [part(0, 30, [100, 100]), part(0, 30, [100, 100]), part(0, 30, [100, 100])],
      signs.flat(),
      () => isWhole,
    ).map(({ parts, runs }) => [parts.length, runs.map(({ left }) => left)]);

  it("are together if a run or a row has letters in several parts, and others are left out", () => {
    const [right, left] = [
      run(200, 0, [
        [0, 100],
        [1, 104],
      ]),
      run(100, 10, [
        [1, 100],
        [0, 107],
      ]),
    ];
    expect(groups(right, left)).toEqual([[2, [200, 100]]]);
    const below = run(100, 20, [
      [2, 70],
      [2, 75],
    ]);
    expect(groups(right, below)).toEqual([
      [2, [200]],
      [1, [100]],
    ]);
    const beside = run(100, 20, [
      [2, 103],
      [2, 100],
    ]);
    expect(groups(right, beside)).toEqual([[3, [200, 100]]]);
  });

  it("are left out on one height, and where several letters are drawn as one object", () => {
    expect(
      groups(
        run(200, 0, [
          [0, 100],
          [0, 100],
        ]),
        run(100, 10, [
          [1, 100],
          [1, 100],
        ]),
      ),
    ).toEqual([]);
    const [word, raised] = [
      run(200, 0, [
        [0, 100],
        [0, 100],
      ]),
      run(210, 2, [[1, 104]]),
    ];
    expect(
      groups(
        word.map((sign) => ({ ...sign, order: 0 })),
        raised,
      ),
    ).toEqual([]);
    expect(groups(word, raised)).toHaveLength(1);
  });

  it("are left out if blanks are missing from them and few letters of the page are higher than others", () => {
    const level = Array.from({ length: 12 }, () => [1, 100] as const);
    const raised = run(100, 0, [...level, [0, 104]]);
    expect(groupsIf(true, raised)).toEqual([[2, [100]]]);
    expect(groupsIf(false, raised)).toEqual([]);
    const descending = run(100, 0, [
      [0, 104],
      [1, 102],
      [0, 100],
    ]);
    expect(groupsIf(false, descending)).toEqual([[2, [100]]]);
  });

  const rows = (...signs: PageSign[][]): number[][] =>
    slopedRows(
      byDrawnRun([part(0, 30, [100, 100])], signs.flat(), () => true).flatMap(({ runs }) =>
        runs.map((each) => ({ ...each, ordered: each.signs })),
      ),
    ).map((row) => row.map(({ left }) => left));

  it("are the cells of rows, from left to right", () => {
    const [right, left] = [
      run(200, 0, [
        [0, 100],
        [0, 106],
      ]),
      run(100, 10, [
        [0, 106],
        [0, 103],
      ]),
    ];
    expect(
      rows(
        right,
        left,
        run(200, 20, [
          [0, 70],
          [0, 73],
        ]),
      ),
    ).toEqual([[100, 200], [200]]);
  });

  it("are one cell where they touch, as the number of an item and its text", () => {
    const [number, item] = [
      run(200, 0, [[0, 100]]),
      run(189, 10, [
        [0, 100],
        [0, 106],
      ]),
    ];
    expect(
      rows(
        number,
        run(100, 10, [
          [0, 100],
          [0, 106],
        ]),
      ),
    ).toEqual([[100, 200]]);
    expect(
      rows(
        number.map((sign) => ({ ...sign, size: 14 })),
        item,
      ),
    ).toEqual([[189]]);
  });
});

it("the baseline of a sloped line is that of most letters, or the middle one", () => {
  expect(commonBaseline([106, 103, 100])).toBe(103);
  expect(commonBaseline([106, 103, 100, 104, 100.02, 100])).toBe(100);
});
