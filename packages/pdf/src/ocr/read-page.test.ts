import { describe, expect, it } from "vitest";
import { readPage, USUAL } from "./read-page.ts";
import type { Recogniser } from "./recogniser.ts";
import type { Word } from "./words.ts";

const [WIDTH, HEIGHT] = [64, 64];
/** A page whose lower half is `dark`, from 0 to 255. */
function pgm(dark: number): Uint8Array {
  const grey = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, index) => (index < (WIDTH * HEIGHT) / 2 ? 250 : dark));
  return Buffer.concat([Buffer.from(`P5 ${WIDTH} ${HEIGHT} 255\n`), grey]);
}
const word = (text: string, confidence = 95): Word => ({
  ...{ text, confidence, left: 0, right: 10, top: 0, bottom: 10, block: 1, line: "1.1.1" },
});

/** A recogniser whose words are `once` with one threshold for the page, and `locally` with thresholds for its parts. */
function recogniser(once: Word[], locally: Word[] | Error): Recogniser {
  return {
    name: "test",
    async recognise(_pgm, _signal, { uneven = false } = {}) {
      if (!uneven) return once;
      if (locally instanceof Error) throw locally;
      return locally;
    },
    async [Symbol.asyncDispose]() {},
  };
}
async function read(from: Recogniser, page: Uint8Array): Promise<string | undefined> {
  const found = await readPage(from, async () => page, { manner: USUAL, signal: new AbortController().signal });
  return found?.words.map(({ text }) => text).join(" ");
}

describe("a page whose light is uneven", () => {
  it("has the words of the reading with more sure letters", async () => {
    expect(await read(recogniser([word("half")], [word("half"), word("more")]), pgm(90))).toBe("half more");
    expect(await read(recogniser([word("all"), word("words")], [word("all"), word("wxrds", 20)]), pgm(90))).toBe(
      "all words",
    );
  });

  it("keeps the words of the first reading if the second one fails", async () => {
    expect(await read(recogniser([word("kept")], new Error("out of memory")), pgm(90))).toBe("kept");
  });

  it("is read once if the light is even", async () => {
    expect(await read(recogniser([word("once")], new Error("not called")), pgm(250))).toBe("once");
    expect(await read(recogniser([word("once")], [word("twice"), word("as much")]), pgm(250))).toBe("once");
  });
});
