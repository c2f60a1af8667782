import { describe, expect, it } from "vitest";
import { withAnnotations } from "./annotated-lines.ts";
import type { Line } from "./layout.ts";

const lineAt = (baseline: number, text: string, left = 72): Line => ({
  text,
  left,
  right: left + 6 * text.length,
  baseline,
  size: 11,
});

describe("the lines of a page with annotations", () => {
  const labels = ["Surname", "Given name", "Street", "Postcode", "Town"].map((text, at) => lineAt(700 - 20 * at, text));
  const value = lineAt(701, "Ottilie", 200);

  it("keep the page's own letters if drawing the annotations changes them", () => {
    const changed = labels.map((line) => ({ ...line, text: line.text.replace(/[a-z]/g, "Q"), right: line.right + 3 }));
    const lines = withAnnotations(labels, [...changed, value], { values: [], notes: [] });
    expect(lines.map(({ text }) => text)).toEqual(["Surname", "Ottilie", "Given name", "Street", "Postcode", "Town"]);
  });

  it("have the drawn ones behind their labels", () => {
    const lines = withAnnotations(labels, [...labels, value], { values: [], notes: ["call"] });
    expect(lines.map(({ text }) => text)).toEqual([
      ...["Surname", "Ottilie", "Given name", "Street", "Postcode", "Town"],
      "[Note] call",
    ]);
  });
});
