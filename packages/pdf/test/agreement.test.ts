import { describe, expect, it } from "vitest";
import { flagOf, isJudged, scoresOf, scriptOf } from "./agreement.ts";

const PROSE =
  "The lamp is lit at dusk and watched until dawn whatever the weather on the coast may be and the keeper writes down each hour";
const words = PROSE.split(" ");

describe("readers of one page", () => {
  it("are judged by the one of the others that they agree with best", () => {
    expect(scoresOf([PROSE, PROSE, "nothing of it"])).toEqual([
      { words: 1, order: 1 },
      { words: 1, order: 1 },
      { words: 0, order: 0 },
    ]);
    const turned = words.toReversed().join(" ");
    const [ours] = scoresOf([turned, PROSE]);
    expect(ours?.words).toBe(1);
    expect(ours?.order).toBeLessThan(0.2);
    expect(scoresOf([PROSE])).toEqual([]);
  });

  it.each([
    ["no text", ""],
    ["more text", `${PROSE} ${words.map((word) => `${word}ly`).join(" ")}`],
    ["less text", words.slice(0, 12).join(" ")],
    ["other blanks", words.map((word) => word.split("").join(" ")).join(" ")],
    ["other letters", words.map((word) => word.replaceAll(/[aeiou]/g, "x")).join(" ")],
  ])("flag ours with %s where they agree", (kind, ours) => {
    expect(flagOf([ours, PROSE, PROSE])).toBe(kind);
    expect(flagOf([ours, PROSE])).toBe(kind);
    if (ours !== "") expect(flagOf([ours, PROSE, "they do not agree on this page at all".repeat(4)])).toBeUndefined();
    expect(flagOf([PROSE, PROSE, ours])).toBeUndefined();
  });

  it("are not judged on a page of a few words", () => {
    expect(isJudged(["one two", "one three"])).toBe(false);
    expect(flagOf(["one two", "three four", "three four"])).toBeUndefined();
  });
});

it.each([
  ["Latin", "plain words"],
  ["Han", "これは日本語です"],
  ["Cyrillic", "Это по-русски"],
  ["none", "12 + 34"],
])("the script of most letters: %s", (script, text) => {
  expect(scriptOf(text)).toBe(script);
});
