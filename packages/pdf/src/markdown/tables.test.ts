import { corpus } from "@docrelay/testkit";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createPdfiumEngine } from "../engines/pdfium-engine.ts";
import { pageMarkdown } from "./page-markdown.ts";

const engine = createPdfiumEngine();

async function firstPage(bytes: Uint8Array): Promise<string> {
  const document = await engine.open(bytes, undefined);
  const { lines, ...how } = await document.read(1, { styled: true });
  await document.close();
  return pageMarkdown(lines, how);
}

/** The tables in a Markdown page: for each table, its rows of cells. Leaves out the row of dashes below the head. */
function tablesIn(markdown: string): string[][][] {
  const tables = markdown.split("\n\n").filter((block) => block.startsWith("|"));
  return tables.map((table) => {
    const rows = table.split("\n").map((row) => row.slice(2, -2).split(" | "));
    return rows.filter((_, index) => index !== 1).map((row) => row.map((cell) => cell.trim()));
  });
}

const HARBOURS = [
  ["Harbour", "Boats", "Crew", "Catch (t)"],
  ["Aalen", "12", "48", "310.5"],
  ["Bergvik", "7", "21", "98.0"],
  ["Corvo", "31", "124", "1,204.7"],
  ["Drangsnes", "4", "9", "12.3"],
];

describe("tables in Markdown", () => {
  // The file was made with ReportLab. It has four tables: with drawn lines, with wrapped cells, without drawn lines,
  // and with empty cells.
  it("have their cells in rows and columns, ruled or not, wrapped or empty", async () => {
    const bytes = readFileSync(join(import.meta.dirname, "../../../testkit/files/tables.pdf"));
    const markdown = await firstPage(bytes);
    expect(tablesIn(markdown)).toEqual([
      HARBOURS,
      [
        ["Part", "What it is for", "Price"],
        [
          "Rope",
          "Holds the boat at the pier while the tide goes out, and is checked each spring before the season begins.",
          "12.50",
        ],
        ["Anchor", "Keeps the boat where it is.", "240.00"],
        [
          "Lantern",
          "Shows other boats where this one lies at night; it has to burn for at least nine hours without oil being added.",
          "31.75",
        ],
      ],
      HARBOURS,
      [
        ["Day", "Morning", "Noon", "Evening"],
        ["Monday", "open", "", "open"],
        ["Tuesday", "", "open", "open"],
        ["Wednesday", "closed", "closed", ""],
        ["Thursday", "open", "open", "open"],
      ],
    ]);
    expect(markdown.match(/^#+ .*$/gm)).toEqual(["# Fishing season", "# Counts", "## Parts and prices"]);
  });

  const known = corpus().filter(({ file }) => file.endsWith("tables/syn-table-a.pdf"));
  it.each(known)("are right in nearly all cells of $file", async (file) => {
    const rows = tablesIn(await firstPage(file.bytes())).flat();
    expect(rows.length).toBeGreaterThan(10);
    const expected = file.truth() ?? "";
    const right = rows.filter((row) => expected.includes(row.join(" ")) && row.length === 5);
    expect(right.length / rows.length).toBeGreaterThanOrEqual(0.95);
  });
});
