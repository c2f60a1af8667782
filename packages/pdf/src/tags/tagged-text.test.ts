import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { markdownOf, part, taggedPdf, type Drawn, type Part } from "../../test/tagged-pdf.ts";
import { pageMarkdown } from "../markdown/page-markdown.ts";
import type { Line } from "../text/layout.ts";
import type { Tags } from "./tags.ts";

const SENTENCE = "The lamp is lit at dusk and is watched until dawn, whatever the weather on the coast may be.";
const prose = (y: number, role = "P"): Part => part(role, [SENTENCE, 72, y]);
const markdown = (...parts: readonly Part[]): Promise<string> => markdownOf(taggedPdf(parts));
const item = (label: Drawn | undefined, ...body: ReadonlyArray<Drawn | Part>): Part =>
  part("LI", ...(label ? [part("Lbl", label)] : []), part("LBody", ...body));

describe("tagged headings", () => {
  it("have the level of their tags, whatever they look like", async () => {
    const page = [
      part("H2", ["Keeping a", 72, 740], ["lighthouse", 72, 726]),
      prose(700),
      part("H5", ["Daily work", 72, 680]),
      prose(660),
      part("P", part("H3", ["At", 72, 640], ["night", 300, 640])),
      prose(620),
    ];
    expect(await markdown(part("Document", ...page))).toBe(
      ["## Keeping a lighthouse", SENTENCE, "##### Daily work", SENTENCE, "### At night", SENTENCE].join("\n\n"),
    );
  });

  it("may have a title, a heading without a level, and names of their own", async () => {
    const page = [part("Title", ["Harbours", 72, 740]), prose(700), part("H", ["Boats", 72, 680]), prose(660)];
    const own = [part("Headline", ["Crew", 72, 640]), prose(620)];
    const bytes = taggedPdf([...page, ...own], { roles: "/Headline /H4" });
    expect((await markdownOf(bytes)).match(/^#+ .*$/gm)).toEqual(["# Harbours", "## Boats", "#### Crew"]);
  });

  it("are none where most of the page, or a long paragraph, is tagged as one", async () => {
    const all = Array.from({ length: 8 }, (_, at) => prose(700 - 30 * at, "H1"));
    expect(await markdown(...all)).not.toContain("#");
    const long = Array.from({ length: 3 }, (_, at): Drawn => [SENTENCE, 72, 700 - 12 * at]);
    const page = [part("H1", ...long), ...Array.from({ length: 12 }, (_, at) => prose(640 - 30 * at))];
    expect(await markdown(...page)).not.toContain("#");
  });

  it("are between what looks like the rows of one table", async () => {
    const prices = (y: number): Part[] =>
      ["Rope", "Oar"].flatMap((text, at) => [
        part("P", [text, 72, y - 14 * at]),
        part("P", ["4.50", 300, y - 14 * at]),
      ]);
    const blocks = (await markdown(...prices(740), part("H3", ["Sails", 72, 706]), ...prices(690))).split("\n\n");
    expect(blocks[1]).toBe("### Sails");
  });

  it("leave lines without a tag of a heading to their look", async () => {
    expect(await markdown(part("P", ["Harbours", 72, 740, 20]), prose(700), prose(670))).toContain("# Harbours");
  });
});

describe("tagged lists", () => {
  it("have their items, and items within items, with or without labels", async () => {
    const inner = part("L", item(["-", 90, 700], ["below", 104, 700]), item(["o", 90, 686], ["above", 104, 686]));
    const list = part(
      "L",
      item(["*", 72, 728], ["Wind the clockwork of the lamp", 86, 728], ["each night", 86, 714], inner),
      item(["2.", 72, 672], ["Sleep", 86, 672]),
      item(undefined, ["Rise", 86, 658]),
      item(["b.", 72, 644], ["Eat", 86, 644]),
      item(undefined, ["3. Wash", 86, 630]),
    );
    expect(await markdown(prose(750), list, prose(600))).toBe(
      [
        SENTENCE,
        [
          "- Wind the clockwork of the lamp each night",
          "    - below",
          "    - above",
          "2. Sleep",
          "- Rise",
          "- b. Eat",
          "3. Wash",
        ].join("\n"),
        SENTENCE,
      ].join("\n\n"),
    );
  });

  it("have the items that are seen within an item", async () => {
    const inner = ["Date", "Place"].map((text, at): Drawn => [`\\225 ${text}`, 90, 686 - 14 * at]);
    const list = part("L", item(undefined, ["The bill states", 72, 700], ...inner), item(undefined, ["End", 72, 650]));
    expect(await markdown(list)).toBe("- The bill states\n- Date\n- Place\n- End");
  });

  it("are no tables, although labels and texts look like two columns", async () => {
    const list = part(
      "L",
      ...["Wind", "Sleep", "Rise"].map((text, at) =>
        item([`${at + 1}.`, 72, 700 - 14 * at], [text, 130, 700 - 14 * at]),
      ),
    );
    expect(await markdown(list)).toBe("1. Wind\n2. Sleep\n3. Rise");
  });

  it("are no tables if they are in columns, and end what looks like a table above them", async () => {
    const column = (left: number, of: readonly string[]): Part =>
      part("L", ...of.map((text, at) => item(undefined, [text, left, 700 - 14 * at])));
    const columns = [column(72, ["Wind", "Sleep", "Rise"]), column(300, ["Oil", "Bread", "Rope"])];
    expect(await markdown(...columns)).toBe("- Wind\n- Sleep\n- Rise\n- Oil\n- Bread\n- Rope");
    const job = (y: number): Part[] => [
      part("P", ["2019", 72, y]),
      part("P", ["Keeper", 160, y]),
      part("L", item(undefined, ["Wound the clockwork", 160, y - 14]), item(undefined, ["Cleaned it", 160, y - 28])),
    ];
    const jobs = await markdown(...job(700), ...job(650));
    expect(jobs).not.toContain("|");
    expect(jobs).toContain("- Wound the clockwork\n- Cleaned it");
  });

  it("leave numbered headings and long texts as they look", async () => {
    const heading = part("L", item(["1.", 72, 740, 16], ["Harbours", 90, 740, 16]));
    expect(await markdown(heading, prose(700), prose(670))).toContain("# 1. Harbours");
    const deep = part("L", item(["4.2.1", 72, 740], ["Harbours of the north", 120, 740]));
    expect(await markdown(deep, prose(700))).toMatch(/^4\.2\.1\sHarbours/);
    const long = Array.from({ length: 20 }, (_, at): Drawn => [SENTENCE, 72, 700 - 12 * at]);
    expect(await markdown(part("L", item(undefined, ...long)))).not.toContain("- ");
  });
});

describe("tagged footnotes", () => {
  const note = (mark: Drawn, ...text: readonly Drawn[]): Part => part("Note", part("Lbl", mark), part("P", ...text));
  const text: Drawn = ["The lamp is lit at dusk1, and the keeper sleeps by day2.", 72, 700];
  const first = note(["1", 72, 100], ["See the book of hours, which is", 90, 100], ["in the tower.", 90, 88]);
  const second = note(["2", 72, 76], ["Except on Sundays.", 90, 76]);

  it("are behind the paragraph that has their mark, also above a footer, whatever their size", async () => {
    const other = part("P", ["Another paragraph follows here.", 72, 660]);
    expect(await markdown(part("P", text), other, first, second, part("Artifact", ["Page 3", 300, 40]))).toBe(
      [
        "The lamp is lit at dusk[^1], and the keeper sleeps by day[^2].",
        "[^1]: See the book of hours, which is in the tower.",
        "[^2]: Except on Sundays.",
        "Another paragraph follows here.",
        "Page 3",
      ].join("\n\n"),
    );
  });

  it("may all be in one element", async () => {
    const notes = part(
      "Note",
      ["1 See the book of hours, which is", 72, 100],
      ["in the tower.", 80, 88],
      ["2 Except on Sundays.", 72, 76],
    );
    expect((await markdown(part("P", text), notes)).split("\n\n").slice(1)).toEqual([
      "[^1]: See the book of hours, which is in the tower.",
      "[^2]: Except on Sundays.",
    ]);
  });

  it("lose no word if their mark is on a line of its own", async () => {
    const notes = part("Note", ["1", 72, 112], ["See the book of hours.", 90, 100]);
    expect(await markdown(part("P", text), notes)).toContain("See the book of hours.");
  });

  it("stay at their place if they have no mark, or much text is after them", async () => {
    const remark = part("Note", ["A remark at the margin.", 72, 680]);
    const after = [640, 600, 560, 520, 480].map((y) => prose(y));
    const blocks = (await markdown(part("P", text), remark, ...after)).split("\n\n");
    expect(blocks[1]).toBe("A remark at the margin.");
    const early = note(["1", 72, 680], ["An early note.", 90, 680]);
    expect(await markdown(part("P", text), early, ...after)).not.toContain("[^1]:");
  });
});

const ROLES = [
  "Document",
  "P",
  "H1",
  "H3",
  "L",
  "LI",
  "Lbl",
  "LBody",
  "Table",
  "TR",
  "TD",
  "TH",
  "Note",
  "Span",
  "Caption",
];

/** A page of words that are all different, and any tags. */
const pages = fc
  .array(
    fc.record({
      words: fc.integer({ min: 0, max: 5 }),
      mark: fc.constantFrom("", "", "", "1", "2", "\u2022"),
      column: fc.integer({ min: 0, max: 3 }),
      row: fc.integer({ min: 0, max: 25 }),
      size: fc.constantFrom(8, 10, 10, 10, 16),
      bold: fc.boolean(),
      tag: fc.option(fc.nat(40), { nil: undefined }),
    }),
    { maxLength: 40 },
  )
  .chain((drawn) =>
    fc
      .array(
        fc.record({
          role: fc.constantFrom(...ROLES),
          up: fc.option(fc.integer({ min: 1, max: 4 })),
          span: fc.integer({ min: 1, max: 3 }),
        }),
        { minLength: 1, maxLength: 40 },
      )
      .map((elements) => pageOf(drawn, elements)),
  );

interface DrawnLine {
  readonly mark?: string;
  readonly words: number;
  readonly column: number;
  readonly row: number;
  readonly size: number;
  readonly bold: boolean;
  readonly tag: number | undefined;
}

function pageOf(
  drawn: readonly DrawnLine[],
  kinds: ReadonlyArray<{ role: string; up: number | null; span: number }>,
): { lines: Line[]; tags: Tags } {
  let count = 0;
  const lines = drawn.map(({ words, mark = "", column, row, size, bold }): Line => {
    const text = [mark, ...Array.from({ length: words }, () => `w${count++}x`)].join(" ").trim();
    const left = 40 + 130 * column;
    return { text, left, right: left + text.length * size * 0.5, baseline: 780 - 14 * row, size, bold };
  });
  const elements = kinds.map(({ role, up, span }, at) => ({
    role,
    parent: up === null || at - up < 0 ? undefined : at - up,
    rowSpan: span,
    columnSpan: span,
  }));
  const runs = drawn.flatMap(({ tag }, at) => {
    const { left, right, baseline, size } = lines[at] as Line;
    if (tag === undefined) return [];
    return [{ tag: tag % elements.length, left, right, bottom: baseline - 0.2 * size, top: baseline + 0.8 * size }];
  });
  return { lines, tags: { elements, runs } };
}

/** A page with a table whose cells are tagged, except for some, whose tags are wrong or missing. */
const tables = fc
  .record({
    rows: fc.integer({ min: 2, max: 6 }),
    columns: fc.integer({ min: 2, max: 4 }),
    wrong: fc.array(fc.record({ line: fc.nat(30), tag: fc.option(fc.nat(30), { nil: undefined }) }), { maxLength: 2 }),
    order: fc.infiniteStream(fc.nat(1000)),
  })
  .map(({ rows, columns, wrong, order }) => {
    const kinds = [{ role: "Table", up: null, span: 1 }];
    const cells: Array<{ row: number; column: number; tag: number }> = [];
    for (let row = 0; row < rows; row++) {
      kinds.push({ role: "TR", up: null, span: 1 });
      for (let column = 0; column < columns; column++) {
        cells.push({ row, column, tag: kinds.length });
        kinds.push({ role: "TD", up: null, span: 1 });
      }
    }
    const at = order.next().value % 3 === 0 ? 0 : 1;
    const sorted = at === 0 ? cells.toSorted((one, other) => one.column - other.column) : cells;
    const drawn = sorted.map((cell): DrawnLine => ({ ...cell, words: 2, size: 10, bold: false }));
    const mended = drawn.map((line, index) => {
      const error = wrong.find((one) => one.line % drawn.length === index);
      return error ? { ...line, tag: error.tag } : line;
    });
    const page = pageOf(mended, kinds);
    const elements = page.tags.elements.map((element, index) => {
      const row = page.tags.elements.slice(0, index).findLastIndex(({ role }) => role === "TR");
      return { ...element, parent: index === 0 ? undefined : element.role === "TR" ? 0 : row };
    });
    return { lines: page.lines, tags: { ...page.tags, elements } };
  });

const wordsIn = (text: string): string[] => text.match(/w\d+x/g) ?? [];
const byNumber = (words: readonly string[]): string[] =>
  words.toSorted((one, other) => Number(one.slice(1, -1)) - Number(other.slice(1, -1)));

describe("whatever the tags state", () => {
  it("all words stay, each once", () => {
    fc.assert(
      fc.property(fc.oneof(pages, tables), ({ lines, tags }) => {
        const all = lines.flatMap(({ text }) => wordsIn(text));
        expect(byNumber(wordsIn(pageMarkdown(lines, { tags })))).toEqual(all);
      }),
      { numRuns: 300 },
    );
  });

  it("words outside of tables stay in their order", () => {
    fc.assert(
      fc.property(fc.oneof(pages, tables), ({ lines, tags }) => {
        const text = pageMarkdown(lines, { tags }).replaceAll(/^(?:\||\[\^).*$/gm, "");
        expect(wordsIn(text)).toEqual(byNumber(wordsIn(text)));
      }),
      { numRuns: 300 },
    );
  });
});
