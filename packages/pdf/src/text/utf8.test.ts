import { describe, expect, it } from "vitest";
import { characterOf, fromPairsOfBytes, fromSingleBytes, isPairsOfBytes } from "./utf8.ts";

/** What becomes of a text if its UTF-8 bytes are read as UTF-16. */
const pairs = (text: string): string =>
  [...text]
    .map((sign) => {
      const bytes = Buffer.from(sign);
      const even = bytes.length === 1 || bytes.length === 3 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
      return Buffer.from(even).swap16().toString("utf16le");
    })
    .join("");

describe("UTF-8 that was taken for something else", () => {
  it.each([
    [0xd09f, "\u041f"],
    [0xe697a5, "\u65e5"],
    [0xf09f9880, "\u{1f600}"],
    [0x41, undefined],
    [0xe9, undefined],
    [0xd041, undefined],
    [0xe0808f, undefined],
  ])("the code %i is %s", (code, sign) => {
    expect(characterOf(code)).toBe(sign);
  });

  it.each([
    "\u041f\u0440\u0438\u0432\u0435\u0442, 20 \u20ac",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\u65e5\u672c\u8a9e \u{1f600}",
  ])("in pairs of bytes: %s", (text) => {
    expect(fromPairsOfBytes(pairs(text))).toBe(text);
  });

  it("is known by the shape of nearly all characters", () => {
    expect(isPairsOfBytes(pairs("\u0441\u043a\u043b\u0430\u0434 \u0438 \u043c\u0438\u0440"))).toBe(true);
    for (const text of [
      "Gr\u00f6\u00dfe und Ma\u00df",
      "\ud55c\uad6d\uc5b4 \ubb38\uc11c\ub294 \uc774\ub807\uac8c \uc4f4\ub2e4",
      "\u0441\u043a\u043b\u0430\u0434",
      "plain",
    ])
      expect(isPairsOfBytes(text), text).toBe(false);
  });

  it.each([
    ["caf\u00c3\u00a9", "caf\u00e9"],
    ["\u00d0\u0000\u00d1\u2022", "\u041f\u0440"],
    ["Gr\u00c3\u00b6\u00c3\u0000e", "Gr\u00f6\u00dfe"],
    ["aqu\u00c3\u0000", "aqu\u00ed"],
    ["\u00e2\u2021\u00ac", "\u20ac"],
    ["Gr\u00f6\u00dfe", "Gr\u00f6\u00dfe"],
    ["\u00c3 and \u65e5", "\u00c3 and \u65e5"],
  ])("in single bytes: %s is %s", (text, meant) => {
    expect(fromSingleBytes(text)).toBe(meant);
  });
});
