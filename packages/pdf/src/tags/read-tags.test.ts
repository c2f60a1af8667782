import { describe, expect, it } from "vitest";
import { engine, onePage, textOf } from "../../test/one-page.ts";
import { markdownOf, part, taggedPdf } from "../../test/tagged-pdf.ts";
import type { Tags } from "./tags.ts";

async function tagsOf(bytes: Uint8Array): Promise<Tags | undefined> {
  const document = await engine.open(bytes, undefined);
  try {
    return (await document.read(1, { styled: true })).tags;
  } finally {
    await document.close();
  }
}
/** A page with one tagged word, whose structure tree has these elements. The first of them is object 8. */
function withTree(elements: readonly string[], top = "8 0 R", parent = 8): Uint8Array {
  return onePage({
    content: "/P << /MCID 0 >> BDC BT /F1 10 Tf 1 0 0 1 72 700 Tm (word) Tj ET EMC",
    page: "/StructParents 0",
    catalog: "/StructTreeRoot 6 0 R /MarkInfo << /Marked true >>",
    objects: [
      `<< /Type /StructTreeRoot /K [${top}] /ParentTree 7 0 R >>`,
      `<< /Nums [0 [${parent} 0 R]] >>`,
      ...elements,
    ],
  });
}
const element = (parent: number, kids: string): string => `<< /S /Sect /P ${parent} 0 R /Pg 3 0 R /K [${kids}] >>`;

describe("the tags of a page", () => {
  it("are its elements, and the places of their texts", async () => {
    const page = [part("Document", part("P", ["One", 72, 700]), part("Own", part("Span", ["Two", 72, 680])))];
    const tags = await tagsOf(taggedPdf(page, { roles: "/Own /H2" }));
    expect(tags?.elements.map(({ role, parent }) => [role, parent])).toEqual([
      ["Document", undefined],
      ["P", 0],
      ["H2", 0],
      ["Span", 2],
    ]);
    expect(tags?.runs.map(({ tag, left, bottom }) => [tag, Math.round(left), Math.round(bottom)])).toEqual([
      [1, 72, 700],
      [3, 72, 680],
    ]);
  });

  it("are left out if the file is not marked as tagged, or plain text is wanted", async () => {
    const unmarked = onePage({ content: "BT /F1 10 Tf 72 700 Td (word) Tj ET" });
    expect(await tagsOf(unmarked)).toBeUndefined();
    const document = await engine.open(taggedPdf([part("P", ["word", 72, 700])]), undefined);
    expect((await document.read(1)).tags).toBeUndefined();
    await document.close();
  });

  it("have the empty cells of a row", async () => {
    const row = part("TR", part("TD"), part("TD", ["One", 72, 700]), part("TD"), part("TD", ["Two", 172, 700]));
    const tags = await tagsOf(taggedPdf([part("Table", row)]));
    expect(tags?.elements.map(({ role }) => role)).toEqual(["Table", "TR", "TD", "TD", "TD", "TD"]);
    expect(tags?.runs.map(({ tag }) => tag)).toEqual([3, 5]);
  });

  const hostile = {
    "contains itself": withTree([element(6, "8 0 R 0")]),
    "is a ring": withTree([element(9, "9 0 R"), element(8, "8 0 R 9 0 R 0")], "8 0 R 9 0 R", 9),
    "is deep": withTree(
      Array.from({ length: 5000 }, (_, at) => element(at === 0 ? 6 : 7 + at, at < 4999 ? `${9 + at} 0 R` : "0")),
      "8 0 R",
      5007,
    ),
    "is wide": withTree([
      element(6, Array.from({ length: 20_000 }, (_, at) => `${9 + at} 0 R`).join(" ")),
      ...Array.from({ length: 20_000 }, () => element(8, "0")),
    ]),
    "names elements that do not exist": withTree([element(6, "900 0 R 901 0 R 0")], "8 0 R 77 0 R", 950),
  };
  it.each(Object.keys(hostile))("do not change the text of a page whose tree %s", async (kind) => {
    const bytes = hostile[kind as keyof typeof hostile];
    expect(await markdownOf(bytes)).toBe("word");
    expect(await textOf(bytes)).toBe("word");
  });

  it("are not read for the pages of a file after three with too many elements", async () => {
    const bytes = hostile["is wide"];
    const document = await engine.open(bytes, undefined);
    for (let time = 0; time < 5; time++) expect((await document.read(1, { styled: true })).tags).toBeUndefined();
    await document.close();
  });
});
