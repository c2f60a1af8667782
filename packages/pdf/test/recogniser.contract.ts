import { afterAll, beforeAll, expect, it } from "vitest";
import type { Recogniser } from "../src/ocr/recogniser.ts";
import { LETTER, scan } from "./scanned-letter.ts";
import { confidenceOf, type Word } from "../src/ocr/words.ts";
import { similarity } from "./similarity.ts";

const textOf = (words: readonly Word[]): string => words.map(({ text }) => text).join(" ");

export function recogniserContract(create: () => Recogniser | Promise<Recogniser>): void {
  let recogniser: Recogniser;
  let pgm: Uint8Array;
  beforeAll(async () => {
    recogniser = await create();
    const { width, height, grey } = await scan(LETTER);
    pgm = Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), grey]);
  });
  afterAll(() => recogniser[Symbol.asyncDispose]());
  const never = new AbortController().signal;

  it("reads a letter, and another one at the same time", async () => {
    const [one, two] = await Promise.all([recogniser.recognise(pgm, never), recogniser.recognise(pgm, never)]);
    expect(similarity(textOf(one), LETTER)).toBeGreaterThanOrEqual(0.98);
    expect(confidenceOf(one)).toBeGreaterThan(80);
    expect(two).toEqual(one);
  });

  it("throws when it is no picture, and reads on", async () => {
    await expect(recogniser.recognise(Buffer.from("no picture"), never)).rejects.toThrow();
    expect(similarity(textOf(await recogniser.recognise(pgm, never)), LETTER)).toBeGreaterThanOrEqual(0.98);
  });

  it("throws the signal's reason, before and while it reads", async () => {
    const cancel = new AbortController();
    const reason = new Error("enough");
    const reading = recogniser.recognise(pgm, cancel.signal);
    cancel.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(recogniser.recognise(pgm, cancel.signal)).rejects.toBe(reason);
  });

  it("reads nothing on an empty page", async () => {
    const blank = Buffer.concat([Buffer.from("P5 600 800 255\n"), Buffer.alloc(600 * 800, 255)]);
    expect(await recogniser.recognise(blank, never)).toEqual([]);
  });
}
