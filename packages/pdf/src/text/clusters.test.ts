import { describe, expect, it } from "vitest";
import { inClusterOrder, type ClusterSign } from "./clusters.ts";

/* In these tests, Thai letters are 6 points wide with gaps of 1 point, and the font size is 12 points. */

const SIZE = 12;
type Placed = readonly [text: string, left: number, right: number, more?: { madeFrom?: number; x?: number }];
const line = (...signs: readonly Placed[]): ClusterSign[] =>
  signs.map(([text, left, right, { madeFrom = 0, x = left } = {}], index) => ({
    text,
    left,
    right,
    x,
    index,
    madeFrom,
  }));
const read = (signs: ClusterSign[]): string | undefined => inClusterOrder(signs, { size: SIZE, cellEm: 1.1 })?.text;

const [KO, NGO, MAI_THO, MAI_EK] = ["\u0e01", "\u0e07", "\u0e49", "\u0e48"];

describe("a line of clustered letters", () => {
  it("is left as it is where each mark is behind its letter", () => {
    expect(read(line([KO, 0, 6], [MAI_EK, 3, 5], [NGO, 7, 13]))).toBeUndefined();
    expect(read(line([KO, 0, 6], [NGO, 7, 13]))).toBeUndefined();
  });

  it("has a mark that comes late at the letter below it, and no blank for it", () => {
    const late = line(
      [KO, 0, 6],
      [NGO, 7, 13],
      [KO, 14, 20],
      [" ", 20, 20, { madeFrom: 0.18 }],
      [MAI_THO, 3, 5],
      [NGO, 21, 27],
    );
    expect(read(late)).toBe(KO + MAI_THO + NGO + KO + NGO);
  });

  it("has no blank between two digits or Latin letters where PDFium has made none, however wide their sides are", () => {
    const late = [
      [" ", 20, 20, { madeFrom: 0.18 }],
      [MAI_THO, 3, 5],
    ] as const;
    const moved = [[KO, 0, 6], [NGO, 7, 13], [KO, 14, 20], ...late] as const;
    expect(read(line(...moved, [KO, 21, 27], ["1", 31, 33], ["2", 36.5, 42]))).toBe(
      `${KO}${MAI_THO}${NGO}${KO}${KO} 12`,
    );
    const made = [" ", 33, 33, { madeFrom: 0.18 }] as const;
    expect(read(line(...moved, [KO, 21, 27], ["1", 31, 33], made, ["2", 36.5, 42]))).toBe(
      `${KO}${MAI_THO}${NGO}${KO}${KO} 1 2`,
    );
  });

  it("has no blank after a glyph that is a tone mark and a vowel, which is as wide as a letter", () => {
    const glyph = { x: 7 };
    const am = [
      [MAI_THO, 4, 12, glyph],
      ["\u0e33", 4, 12, glyph],
    ] as const;
    const moved = [
      [NGO, 22, 28],
      [KO, 14, 20],
    ] as const;
    expect(read(line([KO, 0, 6], ...am, ...moved))).toBe(`${KO}${MAI_THO}\u0e33${KO}${NGO}`);
  });

  it("loses no mark that comes after a blank", () => {
    const moved = [
      [NGO, 22, 28],
      [KO, 14, 20],
    ] as const;
    const near = line([KO, 0, 6], [" ", 6, 9], [MAI_THO, 4, 6], ...moved);
    expect(read(near)).toBe(`${KO}${MAI_THO} ${KO}${NGO}`);
    const far = line([KO, 0, 6], [" ", 6, 12], [MAI_THO, 9, 10], ...moved);
    expect(read(far)).toContain(MAI_THO);
  });

  it("has several marks of a letter in their order", () => {
    expect(read(line([KO, 0, 6], [NGO, 7, 13], ["\u0e38", 3, 5], [MAI_THO, 3.1, 5]))).toBe(
      `${KO}\u0e38${MAI_THO}${NGO}`,
    );
  });

  it("keeps a mark that is drawn a little behind its letter", () => {
    expect(read(line(["\u09a4", 0, 8], ["\u09be", 4, 6], ["\u0981", 8, 10]))).toBeUndefined();
  });

  it("has a blank that is drawn late between its words, and cells by their gap", () => {
    const late = line([KO, 0, 6], [NGO, 9, 15], [KO, 40, 46], [" ", 6, 9]);
    expect(read(late)).toBe(`${KO} ${NGO}\t${KO}`);
  });

  it("keeps letters of one glyph together", () => {
    const glyphs = line([KO, 20, 26], [NGO, 20, 26], [KO, 0, 6], [MAI_EK, 3, 5]);
    expect(read(glyphs)).toBe(`${KO}${MAI_EK}\t${KO}${NGO}`);
  });

  it("takes a blank that PDFium made by how wide its gap is", () => {
    const made = (left: number): ClusterSign[] =>
      line([KO, 0, 6], [" ", 6, 6, { madeFrom: 0.18 }], [NGO, left, left + 6], [KO, 40, 46], [MAI_EK, 3, 5]);
    expect(read(made(9))).toBe(`${KO}${MAI_EK} ${NGO}\t${KO}`);
    expect(read(made(7))).toBe(`${KO}${MAI_EK}${NGO}\t${KO}`);
  });
});
