import { describe, expect, it } from "vitest";
import { figureText } from "./figure-text.ts";
import type { Word } from "./words.ts";

/** Words of a picture, each with its place and the recogniser's confidence. */
function words(...given: Array<[text: string, left: number, top: number, confidence?: number]>): Word[] {
  return given.map(([text, left, top, confidence = 92], index) => {
    const box = { left, right: left + 10 * text.length, top, bottom: top + 20 };
    return { text, confidence, ...box, block: index, line: `${index}.1.1` };
  });
}

describe("the text of a figure", () => {
  it("has a line for each row of words, whatever their order, with tabs at wide gaps", () => {
    const chart = words(["241", 210, 42], ["Asia", 200, 140], ["164", 80, 40], ["Europe", 80, 142], ["only", 145, 141]);
    expect(figureText(chart)).toBe("164\t241\nEurope only Asia");
  });

  it("leaves out words of which the recogniser is not sure, and signs that are no words", () => {
    expect(figureText(words(["Asia", 0, 0], ["vy", 60, 0, 31], ["|", 100, 0], ["1.5", 110, 0]))).toBe("Asia\t1.5");
  });

  it("keeps signs that mean something on their own", () => {
    expect(
      figureText(
        words(["Costs", 0, 0], ["&", 60, 0], ["taxes", 80, 0], ["-", 140, 0], ["€", 160, 0, 70], ["5", 180, 0]),
      ),
    ).toBe("Costs & taxes - 5");
  });

  it("is empty if most words are noise, or if there is hardly a letter", () => {
    expect(figureText(words(["sure", 0, 0], ["dhj", 0, 40, 20], ["lll", 60, 40, 12], ["wx", 90, 40, 8]))).toBe("");
    expect(figureText(words(["il", 0, 0]))).toBe("");
    expect(figureText([])).toBe("");
  });
});
