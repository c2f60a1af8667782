import type { PdfObject } from "@docrelay/testkit";
import { pageMarkdown } from "../src/markdown/page-markdown.ts";
import { engine, onePage } from "./one-page.ts";

/* Makes small tagged PDFs of one page, and reads them as Markdown. */

/** Text, and its place on the page. */
export type Drawn = readonly [text: string, x: number, y: number, size?: number];

/** An element of the structure tree. The kind "" is for text without an element, `Artifact` for a marked artefact. */
export interface Part {
  readonly role: string;
  /** Entries of the element's dictionary, such as `/A << /O /Table /RowSpan 2 >>`. */
  readonly more?: string;
  readonly text?: readonly Drawn[];
  readonly parts?: readonly Part[];
}

export const part = (role: string, ...within: ReadonlyArray<Part | Drawn>): Part => ({
  role,
  text: within.filter((one): one is Drawn => !("role" in one)),
  parts: within.filter((one): one is Part => "role" in one),
});
export const spanning = (rows: number, columns: number, cell: Part): Part => ({
  ...cell,
  more: `/A << /O /Table /RowSpan ${rows} /ColSpan ${columns} >>`,
});

const FIRST = 6;

/** A file of one page with these elements, drawn in their order. `roles`: the entries of the role map. */
export function taggedPdf(parts: readonly Part[], { roles = "", page = "" } = {}): Uint8Array {
  const elements: PdfObject[] = [];
  const parents: number[] = [];
  let content = "";
  const add = ({ role, more = "", text = [], parts: within = [] }: Part, parent: number): number | undefined => {
    const drawn = text
      .map(([words, x, y, size = 10]) => `BT /F1 ${size} Tf 1 0 0 1 ${x} ${y} Tm (${words}) Tj ET`)
      .join("\n");
    if (role === "" || role === "Artifact") {
      content += role === "" ? `${drawn}\n` : `/Artifact << /Type /Pagination >> BDC ${drawn} EMC\n`;
      return undefined;
    }
    const number = FIRST + 1 + elements.push("");
    const kids: string[] = [];
    if (drawn !== "") {
      kids.push(String(parents.length));
      content += `/${role} << /MCID ${parents.length} >> BDC ${drawn} EMC\n`;
      parents.push(number);
    }
    for (const child of within) {
      const at = add(child, number);
      if (at !== undefined) kids.push(`${at} 0 R`);
    }
    elements[number - FIRST - 2] =
      `<< /Type /StructElem /S /${role} /P ${parent} 0 R /Pg 3 0 R /K [${kids.join(" ")}] ${more} >>`;
    return number;
  };
  const top = parts.map((one) => add(one, FIRST)).filter((at) => at !== undefined);
  const root = `<< /Type /StructTreeRoot /K [${top.map((at) => `${at} 0 R`).join(" ")}] /ParentTree ${FIRST + 1} 0 R /RoleMap << ${roles} >> >>`;
  const tree = `<< /Nums [0 [${parents.map((at) => `${at} 0 R`).join(" ")}]] >>`;
  return onePage({
    content,
    page: `/StructParents 0 ${page}`,
    catalog: `/StructTreeRoot ${FIRST} 0 R /MarkInfo << /Marked true >>`,
    objects: [root, tree, ...elements],
  });
}

/** The first page as Markdown. */
export async function markdownOf(bytes: Uint8Array): Promise<string> {
  const document = await engine.open(bytes, undefined);
  try {
    const { lines, ...how } = await document.read(1, { styled: true });
    return pageMarkdown(lines, how);
  } finally {
    await document.close();
  }
}
