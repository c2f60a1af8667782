import type { PdfObject } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { HELVETICA, onePage, textOf } from "../../test/one-page.ts";

/** A page with a line that is drawn with the operator TJ: texts, and steps to the left in thousandths of an em. */
const drawn = (parts: string): Promise<string> =>
  textOf(onePage({ content: `BT /F1 12 Tf 72 700 Td [${parts}] TJ ET` }));

/** A page on which each text, such as a raised accent, is an object of its own. */
const apart = (...parts: ReadonlyArray<readonly [x: number, y: number, text: string]>): Promise<string> =>
  textOf(onePage({ content: parts.map(([x, y, text]) => `BT /F1 12 Tf ${x} ${y} Td (${text}) Tj ET`).join("\n") }));

describe("an accent that is drawn over a letter", () => {
  it.each([
    ["before the letter", "(f) -111 (\\250) 444 (ahrt)", "f\u00e4hrt"],
    ["after the letter", "(fa) 444 (\\250) -111 (hrt)", "f\u00e4hrt"],
    ["after a blank", "(la ) -111 (\\264) 444 (ete)", "la \u00e9te"],
    ["twice in a word", "-111 (\\250) 444 (u) -111 (\\250) 444 (u)", "\u00fc\u00fc"],
    ["below the letter", "(ga) -83 (\\270) 416 (con)", "ga\u00e7on"],
  ])("makes one letter: %s", async (_where, parts, text) => {
    expect(await drawn(parts)).toBe(text);
  });

  it.each([
    ["beside a letter", "(can\\264t)", "can\u00b4t"],
    ["above a letter with which it makes no other", "(q) 444 (\\250)", "q\u00a8"],
    ["of a power", "(2^n)", "2^n"],
  ])("stays a character of its own %s", async (_where, parts, text) => {
    expect(await drawn(parts)).toBe(text);
  });
});

describe("an accent that is an object of its own", () => {
  it("belongs to the letter below it, although PDFium returns it after the text of that letter", async () => {
    expect(
      await apart([74, 702.7, "\\250"], [72, 700, "Arger und "], [128.5, 702.7, "\\250"], [126.7, 700, "Ol"]),
    ).toBe("\u00c4rger und \u00d6l");
  });

  it("splits no word", async () => {
    expect(await apart([72, 700, "za"], [84.67, 700, "\\264"], [84.67, 700, "rel a"])).toBe("za\u0155el a");
  });

  it("stays where no letter is below it", async () => {
    expect(await apart([72, 700, "x"], [92, 702.7, "\\250"])).toContain("\u00a8");
  });
});

describe("in turned text", () => {
  const across = "BT /F1 12 Tf 72 740 Td (The other text of the page is upright.) Tj ET\n";
  const up = (content: string): Promise<string> =>
    textOf(onePage({ content: `${across}BT /F1 12 Tf 0 1 -1 0 300 200 Tm ${content} TJ ET` }));
  const UPRIGHT = "The other text of the page is upright.";

  it("an accent beside a letter stays a character of its own", async () => {
    expect(await up("[(n`a ~o cd^e)]")).toBe(`${UPRIGHT}\nn\`a ~o cd^e`);
  });

  it("an accent that is drawn over a letter makes one letter", async () => {
    expect(await up("[(f) -111 (\\250) 444 (ahrt)]")).toBe(`${UPRIGHT}\nf\u00e4hrt`);
  });

  it("an accent that is drawn over a letter makes one letter, too, if all text is turned", async () => {
    const content = "BT /F1 12 Tf 0 1 -1 0 300 200 Tm [(f) -111 (\\250) 444 (ahrt n`a cd^e)] TJ ET";
    expect(await textOf(onePage({ content }))).toBe("f\u00e4hrt n`a cd^e");
  });
});

it("an accent and a letter make one letter even if their font does not name them", async () => {
  const glyph = (box: string): PdfObject => ({ dictionary: "", content: `500 0 ${box} d1 ${box} re f` });
  const font =
    "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 600 800] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 94 /LastChar 101 " +
    "/CharProcs << /c94 6 0 R /c101 7 0 R >> /Encoding << /Type /Encoding /Differences [94 /c94 101 /c101] >> " +
    "/Widths [500 500 500 500 500 500 500 500] >>";
  const resources = `/Font << /F1 ${HELVETICA} /F2 4 0 R >>`;
  const content =
    "BT /F1 12 Tf 72 700 Td (La f) Tj /F2 12 Tf [(e) 500 (^)] TJ /F1 12 Tf (te du village a eu lieu en mars.) Tj ET";
  const objects = [glyph("50 600 400 100"), glyph("50 0 400 500")];
  expect(await textOf(onePage({ content, font, resources, objects }))).toBe(
    "La f\u00eate du village a eu lieu en mars.",
  );
});
