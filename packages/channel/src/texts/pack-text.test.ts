import fc from "fast-check";
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { packText, unpackText } from "./pack-text.ts";

async function through(text: string): Promise<{ field: string; bytes: number; back: string }> {
  const [field, value] = await packText(text);
  const buffer = Buffer.from(value);
  const back = await unpackText(field === "text" ? [buffer, null] : [null, buffer]);
  return { field, bytes: buffer.length, back };
}

describe("packing a text", () => {
  it("is undone by unpacking", async () => {
    const texts = fc.string({ unit: "grapheme", maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom(1, 100, 10_000), async (piece, times) => {
        const text = piece.repeat(Math.min(times, 20_000));
        expect((await through(text)).back).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it("leaves short texts as they are, and texts that would grow", async () => {
    expect((await through("short")).field).toBe("text");
    expect((await through(randomBytes(60_000).toString("latin1").normalize())).back).toHaveLength(60_000);
  });

  it("makes long ones smaller", async () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `word${(index * 7919) % 997}`).join(" ");
    const { field, bytes } = await through(words);
    expect(field).toBe("zstd");
    expect(bytes).toBeLessThan(words.length / 2);
  });

  it("is empty where there is nothing", async () => {
    expect(await unpackText([null, null])).toBe("");
    expect(await unpackText([])).toBe("");
  });
});
