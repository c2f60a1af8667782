import { expect, it } from "vitest";
import { pagedPrompt, type PagedFile } from "./paged-prompt.ts";

const BOUNDARY = "0123456789abcdef";
const file = (more: Partial<PagedFile> = {}): PagedFile => ({
  name: "a.pdf",
  pages: ["first", "", "third"],
  missing: [{ page: 2, reason: "scan" }],
  truncated: false,
  ...more,
});
const text = (files: PagedFile[]): string =>
  [pagedPrompt({ message: "why?", files, boundary: BOUNDARY })].flat(2).join("");

it("marks files and pages with the boundary, and names what is missing", () => {
  const prompt = text([file()]);
  expect(prompt).toContain("cite it like [p. 12]");
  expect(prompt.slice(prompt.indexOf("why?"))).toBe(
    [
      "why?",
      "",
      `--- File Content: a.pdf ${BOUNDARY} ---`,
      `--- Page 1 ${BOUNDARY} ---`,
      "first",
      `--- Page 3 ${BOUNDARY} ---`,
      "third",
      `--- End of File ${BOUNDARY} ---`,
      "[Missing pages: 2 (scanned, without text).]",
    ].join("\n"),
  );
});

it("has the chosen pages only, and says so", () => {
  const prompt = text([file({ used: [[3, 3]] }), file({ name: "b.pdf", used: [], truncated: true })]);
  expect(prompt).toContain("cite it like [file 2, p. 12]");
  expect(prompt).toContain(`--- File 1 of 2: a.pdf ${BOUNDARY} ---\n--- Page 3 ${BOUNDARY} ---\nthird\n--- End`);
  expect(prompt).not.toContain("first");
  expect(prompt).toContain("[This file has 3 pages. Here are only its pages 3: the others do not fit.]");
  expect(prompt).toContain("[This file has 3 pages. None of its pages is here: the others do not fit.]");
  expect(prompt).toContain("[The text was cut: the file has more than is allowed.]");
});

it("without files is the question alone, and needs a boundary that cannot be guessed", () => {
  expect(text([])).toBe("why?");
  expect(() => pagedPrompt({ message: "?", files: [file()], boundary: "x" })).toThrow(RangeError);
});
