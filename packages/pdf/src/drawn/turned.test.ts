import { describe, expect, it } from "vitest";
import { line, onePage, textOf } from "../../test/one-page.ts";
import { withTurned } from "./turned.ts";

const BLOCK = [
  "The river flooded twice that winter, and the",
  "farmers moved their cattle to higher ground on",
  "both sides of it.",
];
/** Draws a text at (x, y) in one of the directions of text, in counter-clockwise quarter turns. */
function turned(quarters: 0 | 1 | 2 | 3, x: number, y: number, text: string): string {
  const matrix = ["1 0 0 1", "0 1 -1 0", "-1 0 0 -1", "0 -1 1 0"][quarters];
  return `BT /F1 11 Tf ${matrix} ${x} ${y} Tm (${text}) Tj ET\n`;
}
const before =
  line(740, "The first line of the page is upright, and the second") + line(726, "line of the page is, too.");
const after = line(60, "The last line of the page is upright again.");
const UPRIGHT = [
  "The first line of the page is upright, and the second line of the page is, too.",
  "The last line of the page is upright again.",
] as const;

describe("lines that are turned on a page whose other lines are upright", () => {
  it.each([
    [1, (at: number) => turned(1, 300 + 14 * at, 200, BLOCK[at]!)],
    [2, (at: number) => turned(2, 400, 300 + 14 * at, BLOCK[at]!)],
    [3, (at: number) => turned(3, 300 - 14 * at, 600, BLOCK[at]!)],
  ] as const)("are read in their order, by %d quarter turns", async (_turns, draw) => {
    const content = before + BLOCK.map((_line, at) => draw(at)).join("") + after;
    expect(await textOf(onePage({ content }))).toBe([UPRIGHT[0], BLOCK.join(" "), UPRIGHT[1]].join("\n"));
  });

  it("are not mixed with upright lines beside them", async () => {
    const content = before + turned(3, 420, 745, "beside the upright lines") + after;
    expect(await textOf(onePage({ content }))).toBe([UPRIGHT[0], "beside the upright lines", UPRIGHT[1]].join("\n"));
  });

  it("are kept if several of them have the same text, as in the head of a table", async () => {
    const texts = ["Total (in tonnes)", "Share", "Total (in tonnes)", "Share"];
    const heads = texts.map((text, at) => turned(1, 300 + 30 * at, 400, text));
    expect(await textOf(onePage({ content: before + heads.join("") + after }))).toBe(
      [UPRIGHT[0], ...texts, UPRIGHT[1]].join("\n"),
    );
  });

  it("are words if each letter is drawn alone", async () => {
    const places = [0, 3.1, 5.5, 11.6, 17.7, 23.9, 30];
    const letters = [..."flooded"].map((sign, at) => turned(1, 500, 200 + places[at]!, sign)).join("");
    expect(await textOf(onePage({ content: before + letters + after }))).toBe(
      [UPRIGHT[0], "flooded", UPRIGHT[1]].join("\n"),
    );
  });
});

it("a page whose text is turned on it is read as before, with the upright number of the page", async () => {
  const content = BLOCK.map((text, at) => turned(1, 300 + 14 * at, 200, text)).join("") + line(30, "Page 7", 300);
  expect(await textOf(onePage({ content }))).toBe([BLOCK.join(" "), "Page 7"].join("\n"));
});

it("many turned lines are put between many upright lines without comparing each with each", () => {
  const MANY = 2000;
  let looks = 0;
  const place = (at: number): number =>
    ({
      valueOf() {
        looks++;
        return at;
      },
    }) as unknown as number;
  const order = new Map(Array.from({ length: 2 * MANY }, (_, at) => [at, place(at)]));
  const lines = (text: string, rotation: 0 | 1): Parameters<typeof withTurned>[0] => ({
    rotation,
    lines: Array.from({ length: MANY }, (_, at) => ({
      text: text + at,
      left: 0,
      right: 9,
      baseline: 20 * at,
      size: 9,
    })),
    objects: Array.from({ length: MANY }, (_, at) => 2 * at + rotation),
  });
  const texts = withTurned(lines("upright ", 0), [lines("turned ", 1)], order).map(({ text }) => text);
  expect(texts.slice(0, 4)).toEqual(["upright 0", "turned 0", "upright 1", "turned 1"]);
  expect(texts).toHaveLength(2 * MANY);
  expect(looks).toBeLessThan(100 * MANY);
});
