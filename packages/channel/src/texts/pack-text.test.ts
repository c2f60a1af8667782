import fc from "fast-check";
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { packPages, unpackPages } from "./pack-text.ts";

async function through(...pages: string[]): Promise<{ field: string; bytes: number; back: string[] }> {
  const [field, value] = await packPages(pages);
  const buffer = Buffer.from(value);
  const back = await unpackPages(field === "text" ? [buffer, null] : [null, buffer]);
  return { field, bytes: buffer.length, back };
}

describe("packing a text", () => {
  it("is undone by unpacking", async () => {
    const page = fc.string({ unit: "grapheme", maxLength: 200 }).map((text) => text.replaceAll("\f", ""));
    const pages = fc.array(page, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pages, fc.constantFrom(1, 100, 10_000), async (pieces, times) => {
        const texts = pieces.map((piece) => piece.repeat(times));
        expect((await through(...texts)).back).toEqual(texts);
      }),
      { numRuns: 50 },
    );
  });

  it("leaves short texts as they are, and texts that would grow", async () => {
    expect((await through("short")).field).toBe("text");
    const random = randomBytes(60_000).toString("latin1").replaceAll("\f", "f");
    expect((await through(random, random)).back).toEqual([random, random]);
  });

  it("makes long ones smaller", async () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `word${(index * 7919) % 997}`).join(" ");
    const { field, bytes } = await through(words);
    expect(field).toBe("zstd");
    expect(bytes).toBeLessThan(words.length / 2);
  });

  it("is empty where there is nothing", async () => {
    expect(await unpackPages([null, null])).toEqual([""]);
    expect(await unpackPages([])).toEqual([""]);
    expect((await through("", "")).back).toEqual(["", ""]);
  });
});
