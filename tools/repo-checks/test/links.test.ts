import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const DOCUMENTS = ["*.md", ".github/*.md", "docs/**/*.md", "{apps,packages,tools,examples}/*/README.md"];
const documents = [...new Set(globSync(DOCUMENTS, { cwd: ROOT }))].map((path) => path.replaceAll("\\", "/")).toSorted();

/** Returns the targets of a document's links, except those with a scheme such as https:. */
function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target).filter((to) => !to.includes(":"));
}

/** Returns the anchors of a page's headings, as GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

it("links and anchors are found", () => {
  expect(linksOf("[a](b.md#c) ![d](e.png) [f](https://host/g) [h](mailto:i@j)")).toEqual(["b.md#c", "e.png"]);
  expect(anchorsOf("# A title: `of` code\n\ntext\n## Two\n")).toEqual(["a-title-of-code", "two"]);
});

describe("links between documents", () => {
  it.each(documents)("of %s lead to files and headings that exist", (document) => {
    for (const link of linksOf(readFileSync(join(ROOT, document), "utf8"))) {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? join(ROOT, document) : join(ROOT, dirname(document), path);
      expect([link, existsSync(target)]).toEqual([link, true]);
      if (anchor !== undefined) expect(anchorsOf(readFileSync(target, "utf8")), link).toContain(anchor);
    }
  });
});

describe("paths in documents", () => {
  // Paths with placeholders (`<name>`) or patterns are not checked, and decision records and the change log are left
  // out, because they name files as they were at their time.
  const pages = documents.filter((document) => !document.startsWith("docs/adr/") && document !== "CHANGELOG.md");
  const paths = pages.flatMap((document) =>
    [...readFileSync(join(ROOT, document), "utf8").matchAll(/`((?:apps|packages|tools|deploy|docs)\/[\w./-]+)`/g)].map(
      ([, path = ""]) => [document, path] as const,
    ),
  );

  it("are found", () => expect(paths.length).toBeGreaterThan(50));
  it.each(paths)("of %s exist: %s", (_, path) => {
    expect(existsSync(join(ROOT, path))).toBe(true);
  });
});

describe("docs/adr/README.md", () => {
  const folder = join(ROOT, "docs/adr");

  it("lists every record by its number and title, and explains each number that is missing", () => {
    const rows = [...readFileSync(join(folder, "README.md"), "utf8").matchAll(/^\| (.+?) \| (.+?) \|$/gm)].slice(1);
    const records = readdirSync(folder).filter((file) => /^\d{4}-/.test(file));
    const expected = records.toSorted().map((file) => {
      const [, number = "", title = ""] = /^# (\d+)\. (.+)$/m.exec(readFileSync(join(folder, file), "utf8")) ?? [];
      expect(Number(file.slice(0, 4))).toBe(Number(number));
      return [`[${number}](${file})`, title];
    });
    const written = rows.map(([, name = "", title = ""]) => [name, title]);
    expect(written.filter(([name = ""]) => name.startsWith("["))).toEqual(expected);
    const numbers = written.map(([name = ""]) => Number(/\d+/.exec(name)?.[0]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});
