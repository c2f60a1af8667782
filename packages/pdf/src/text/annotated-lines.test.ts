import { describe, expect, it } from "vitest";
import { drawnOnly, namedApart, withAnnotations } from "./annotated-lines.ts";
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

  it("have the letters of their own marks if drawing the annotations changes the letters", () => {
    const marked = (mark: string, guess: string, fallback = "\ufffd"): Parameters<typeof namedApart>[0] => ({
      lines: labels.map((line) => ({ ...line, text: `${line.text.slice(0, 3)}${mark}` })),
      guesses: new Map([[mark, { guess, fallback }]]),
    });
    const drawn = marked("\ue200", "x", "b");
    const changed = { ...drawn, lines: drawn.lines.map((line) => ({ ...line, text: `Q${line.text}` })) };
    const apart = namedApart(marked("\ue200", "y", "a"), changed, "");
    expect(apart.guesses.size).toBe(0);
    expect(withAnnotations(apart.plain, apart.drawn, { values: [], notes: [] }).map(({ text }) => text)).toEqual(
      labels.map(({ text }) => `${text.slice(0, 3)}a`),
    );
    expect(apart.drawn[0]?.text).toBe("QSurb");
    const same = namedApart(drawn, { ...drawn }, "");
    expect(same).toEqual({ plain: drawn.lines, drawn: drawn.lines, guesses: drawn.guesses });
  });

  it("are, beside another engine's text, only the drawn ones that this text does not have", () => {
    const guesses = new Map<never, never>();
    const drawn = { lines: [lineAt(700, "Sur name"), lineAt(680, "12"), lineAt(660, "Approved", 90)], guesses };
    const plain = { lines: [lineAt(680, "12")], guesses };
    expect(drawnOnly(plain, drawn, "The surname\nSurname")).toMatchObject([{ text: "Approved", size: 0 }]);
  });
});
