import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanText } from "./clean-text.ts";

describe("cleaning a text", () => {
  it.each([
    [
      "the vowel am in two parts",
      "\u0e19\u0e4d\u0e49\u0e32 \u0e17\u0e4d\u0e32 \u0e99\u0ecd\u0ec9\u0eb2",
      "\u0e19\u0e49\u0e33 \u0e17\u0e33 \u0e99\u0ec9\u0eb3",
    ],
    ["line ends", "a\r\nb\rc", "a\nb\nc"],
    ["ligatures", "e\ufb03cient \ufb01le", "efficient file"],
    [
      "Arabic presentation forms",
      "\ufefb \ufee3\ufeae\ufea3\ufe92\ufe8e",
      "\u0644\u0627 \u0645\u0631\u062d\u0628\u0627",
    ],
    [
      "full-width letters and half-width kana",
      "\uff30\uff24\uff26\uff11 \uff76\uff9e\uff72\uff84\uff9e",
      "PDF1 \u30ac\u30a4\u30c9",
    ],
    ["Kangxi radicals", "\u2f00\u2f47", "\u4e00\u65e5"],
    ["Roman numerals that stand for letters", "Sty\u217ce Kashi\u217ea \u216ceft", "Style Kashida Left"],
    ["letters and their marks", "u\u0308ber", "\u00fcber"],
    ["bidi marks", "\u200fab\u202e\u2066c\u2069", "abc"],
    ["control characters, a form feed among them", "a\u0000b\fc\u0007\u0085", "abc"],
    ["marks that nobody sees", "a\u00adb\u200bc\ufeff", "abc"],
    ["blanks", "a  \u00a0 b \t c  \n\n\n\n d ", "a b\tc\n\nd"],
    ["lone surrogates", "a\ud800b", "a\ufffdb"],
  ])("mends %s", (_what, raw, clean) => {
    expect(cleanText(raw)).toBe(clean);
  });

  it.each([
    ["Roman numerals", "Chapter \u2167, part \u2173"],
    ["superscripts and fractions: they are not the same as their digits", "10² ½ x₁"],
    ["Chinese punctuation", "您好，世界！（一）"],
    ["joiners that words are written with", "می\u200cخواهم"],
    ["signs beyond the basic plane", "𝒳 and 😀"],
  ])("leaves %s", (_what, text) => {
    expect(cleanText(text)).toBe(text);
  });

  const any = fc.string({ unit: "binary", maxLength: 300 });
  it("changes nothing the second time", () => {
    fc.assert(fc.property(any, (raw) => void expect(cleanText(cleanText(raw))).toBe(cleanText(raw))));
  });

  it("leaves letters composed, those that are cleaned and those that are taken to be clean", () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), (raw) => {
        const clean = cleanText(raw);
        expect(clean).toBe(clean.normalize("NFC"));
      }),
      { numRuns: 2000 },
    );
  });

  it("leaves no page break, no control character and nothing that is not Unicode", () => {
    fc.assert(
      fc.property(any, (raw) => {
        const clean = cleanText(raw);
        expect(clean).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
        expect(clean.isWellFormed()).toBe(true);
      }),
    );
  });

  it("loses no letter and no digit", () => {
    const letters = (text: string): string => (text.normalize("NFKD").match(/[\p{L}\p{N}]/gu) ?? []).join("");
    fc.assert(fc.property(any, (raw) => void expect(letters(cleanText(raw))).toBe(letters(raw.toWellFormed()))));
  });
});

it("has the vowel of a Thai or Lao letter before its tone mark, and the vowel am once", () => {
  expect(cleanText("\u0e02\u0e49\u0e36\u0e19 \u0e02\u0e36\u0e49\u0e19")).toBe(
    "\u0e02\u0e36\u0e49\u0e19 \u0e02\u0e36\u0e49\u0e19",
  );
  expect(cleanText("\u0e82\u0ec9\u0eb6\u0e99")).toBe("\u0e82\u0eb6\u0ec9\u0e99");
  expect(cleanText("\u0e19\u0e49\u0e33\u0e32")).toBe("\u0e19\u0e49\u0e33");
  expect(cleanText("\u0e19\u0e49\u0e33")).toBe("\u0e19\u0e49\u0e33");
});
