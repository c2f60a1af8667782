import { describe, expect, it } from "vitest";
import { markdownOf, part, spanning, taggedPdf, type Drawn, type Part } from "../../test/tagged-pdf.ts";

const row = (...cells: readonly Part[]): Part => part("TR", ...cells);
const cell = (...text: readonly Drawn[]): Part => part("TD", ...text);
const table = (...rows: readonly Part[]): Part => part("Table", part("TBody", ...rows));
const tableIn = async (...parts: readonly Part[]): Promise<string[]> =>
  (await markdownOf(taggedPdf(parts))).split("\n").filter((line) => line.startsWith("| ") && !line.includes("---"));

const CELLS = [
  ["Harbour", "Boats", "Crew"],
  ["Aalen", "12", "48"],
  ["Bergvik", "7", "21"],
] as const;
const PROSE: Drawn = ["The lamp is lit at dusk and is watched until dawn, whatever the weather.", 72, 720];

describe("a tagged table", () => {
  it("has the cells of its tags where their look does not show rows and columns", async () => {
    // The cells of a column are so close to the next column that no gap separates them, and are drawn column by column.
    const name = cell(["Rope of the", 72, 690], ["new boats", 72, 678]);
    const use = cell(["holds them at", 126, 696], ["the pier while", 126, 684], ["the tide goes", 126, 672]);
    const price = cell(["12.50", 194, 684]);
    const page = [
      part("P", PROSE),
      table(
        row(cell(["Part", 72, 708]), cell(["Use", 126, 708]), cell(["Price", 194, 708])),
        row(name, use, price),
        row(cell(["Anchor", 72, 658]), cell(["keeps them", 126, 658]), cell(["240.00", 194, 658])),
      ),
    ];
    expect(await markdownOf(taggedPdf(page))).toBe(
      [
        PROSE[0],
        [
          "| Part | Use | Price |",
          "| --- | --- | --- |",
          "| Rope of the new boats | holds them at the pier while the tide goes | 12.50 |",
          "| Anchor | keeps them | 240.00 |",
        ].join("\n"),
      ].join("\n\n"),
    );
  });

  it("has the text of a cell that spans rows and columns in the first of them", async () => {
    const page = table(
      row(cell(["Harbour", 72, 700]), spanning(1, 2, cell(["Boats and crew", 150, 700])), cell(["Year", 300, 700])),
      row(
        spanning(2, 1, cell(["Aalen", 72, 680])),
        cell(["12", 150, 686]),
        cell(["48", 220, 686]),
        cell(["2024", 300, 686]),
      ),
      row(cell(["13", 150, 672]), cell(["50", 220, 672]), cell(["2025", 300, 672])),
    );
    expect(await tableIn(page)).toEqual([
      "| Harbour | Boats and crew |  | Year |",
      "| Aalen | 12 | 48 | 2024 |",
      "|  | 13 | 50 | 2025 |",
    ]);
  });

  it("keeps empty cells, and has each cell in the column where it is drawn if the tags leave cells out", async () => {
    const head = row(
      cell(["Day", 72, 700]),
      cell(["Morning", 150, 700]),
      cell(["Noon", 230, 700]),
      cell(["Evening", 304, 700]),
    );
    const page = table(
      head,
      row(cell(["Monday", 72, 686]), cell(["open", 150, 686]), cell(), cell(["after supper", 286, 686])),
      row(cell(["Tuesday", 72, 672]), cell(["noon", 230, 672]), cell(["night", 300, 672])),
      row(cell(["Wednesday", 72, 658]), cell(["9", 290, 658])),
    );
    expect(await tableIn(page)).toEqual([
      "| Day | Morning | Noon | Evening |",
      "| Monday | open |  | after supper |",
      "| Tuesday |  | noon | night |",
      "| Wednesday |  |  | 9 |",
    ]);
  });

  it("has its columns in the order in which they are drawn if the tags have another order", async () => {
    const places = [230, 72, 150];
    const page = table(
      ...CELLS.map((texts, at) =>
        row(...texts.map((text, column) => cell([text, places[column] ?? 0, 700 - 14 * at]))),
      ),
    );
    expect(await tableIn(page)).toEqual(["| Boats | Crew | Harbour |", "| 12 | 48 | Aalen |", "| 7 | 21 | Bergvik |"]);
  });

  it("has its first column at the right if its tags begin there", async () => {
    const page = table(
      ...CELLS.map((texts, at) => row(...texts.map((text, column) => cell([text, 230 - 79 * column, 700 - 14 * at])))),
    );
    expect(await tableIn(page)).toEqual(["| Harbour | Boats | Crew |", "| Aalen | 12 | 48 |", "| Bergvik | 7 | 21 |"]);
  });

  it("is read on a page that is shown turned", async () => {
    const turned = (text: string, column: number, at: number): Part =>
      part("TD", [text, 72 + 79 * column, 700 - 14 * at]);
    const page = table(...CELLS.map((texts, at) => row(...texts.map((text, column) => turned(text, column, at)))));
    const markdown = await markdownOf(taggedPdf([page], { page: "/Rotate 90" }));
    expect(markdown).toContain("| Bergvik | 7 | 21 |");
  });
});

describe("tags of a table are ignored", () => {
  const drawn = (text: string, column: number, at: number): Drawn => [text, 72 + 79 * column, 700 - 14 * at];
  const asSeen = CELLS.map((texts) => `| ${texts.join(" | ")} |`);

  it("where all rows are in one cell", async () => {
    const all = CELLS.flatMap((texts, at) => texts.map((text, column) => drawn(text, column, at)));
    expect(await tableIn(table(row(cell(...all))))).toEqual(asSeen);
    const columns = [0, 1, 2].map((column) =>
      cell(...CELLS.map((texts, at) => drawn(texts[column] ?? "", column, at))),
    );
    expect(await tableIn(table(row(...columns)))).toEqual(asSeen);
  });

  it("where a row is above the row before it", async () => {
    const rows = CELLS.map((texts, at) => row(...texts.map((text, column) => cell(drawn(text, column, at)))));
    expect(await tableIn(table(...rows.toReversed()))).toEqual([]);
  });

  it("where each line of a cell is in a row of its own", async () => {
    const lines = [
      ["Rope", "12.50", "holds the boat at"],
      ["", "", "the pier while the"],
      ["", "", "tide goes out"],
      ["Anchor", "240.00", "keeps the boat"],
      ["", "", "where it is"],
    ];
    const rows = lines.map((texts, at) =>
      row(...texts.map((text, column) => (text ? cell(drawn(text, column, at)) : cell()))),
    );
    expect((await tableIn(table(...rows))).length).not.toBe(5);
  });

  it("where hardly any of its places has text, so that the table would be far longer than the page", async () => {
    const wide = row(...Array.from({ length: 60 }, (_, at) => cell(["a", 12 + 9.5 * at, 780, 5])));
    const tall = Array.from({ length: 60 }, (_, at) => row(cell(["b", 12, 768 - 12 * at, 5])));
    expect((await markdownOf(taggedPdf([table(wide, ...tall)]))).length).toBeLessThan(2000);
  });

  it("where cells have more text than cells of tables have", async () => {
    const column = (x: number): Part =>
      cell(
        ...Array.from({ length: 30 }, (_, at): Drawn => [
          `The lamp is lit at dusk and watched ${at}`,
          x,
          700 - 12 * at,
        ]),
      );
    const markdown = await markdownOf(
      taggedPdf([table(row(column(72), column(320)), row(cell(["a", 72, 300]), cell(["b", 320, 300])))]),
    );
    expect(markdown).not.toContain("| The lamp");
  });

  it("where text between its cells belongs to something else", async () => {
    const rows = CELLS.map((texts, at) => row(...texts.map((text, column) => cell(drawn(text, column, at)))));
    const markdown = await markdownOf(
      taggedPdf([table(rows[0] as Part, part("", ["Not tagged", 300, 693]), rows[1] as Part)]),
    );
    expect(markdown).toContain("Not tagged");
  });
});
