import { expect, it } from "vitest";
import { FIGURE_MARK_BYTES, withFigureTexts } from "./figure-blocks.ts";

const texts = new Map([[2, ["Europe 164\n# Asia", "A ``` B"]]]);

it("the texts of figures stand after the text of their page", () => {
  expect(withFigureTexts(["one", "two"], texts, "text")).toEqual([
    "one",
    "two\n[Figure] Europe 164\n# Asia\n[Figure] A ``` B",
  ]);
  expect(withFigureTexts(["one", ""], texts, "text")[1]).toBe("[Figure] Europe 164\n# Asia\n[Figure] A ``` B");
});

it("in Markdown they are preformatted, so that nothing in them counts as Markdown", () => {
  const [, page] = withFigureTexts(["one", "| a |\n| --- |"], texts, "markdown");
  expect(page).toBe("| a |\n| --- |\n\n[Figure]\n\n```\nEurope 164\n# Asia\n```\n\n[Figure]\n\n````\nA ``` B\n````");
});

it("the marks have at most the bytes that count for them", () => {
  for (const format of ["text", "markdown"] as const) {
    const [page = ""] = withFigureTexts(["x"], new Map([[1, ["```"]]]), format);
    expect(page.length - "x".length - "```".length).toBeLessThanOrEqual(FIGURE_MARK_BYTES);
  }
});
