import { describe, expect, it } from "vitest";
import { onePage, textOf } from "../../test/one-page.ts";
import { namesCodes } from "./second-reader.ts";

/** Makes a page in a Type 3 font whose glyphs are named by their codes, as dvips writes them. */
async function coded(text: string): Promise<string> {
  const codes = [...new Set(Buffer.from(text, "latin1"))].toSorted((one, other) => one - other);
  const names = codes.map((code) => `${code} /a${code}`).join(" ");
  const glyphs = codes.map((code) => `/a${code} 6 0 R`).join(" ");
  const font =
    `<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 500] /FontMatrix [0.001 0 0 0.001 0 0] /CharProcs << ${glyphs} >> ` +
    `/Encoding << /Type /Encoding /Differences [${names}] >> /FirstChar 0 /LastChar 255 ` +
    `/Widths [${Array.from({ length: 256 }, () => 500).join(" ")}] >>`;
  const shown = Buffer.from(text, "latin1").toString("hex");
  const glyph = { dictionary: "", content: "500 0 20 0 480 480 d1 20 0 460 480 re f" };
  return textOf(onePage({ content: `BT /F1 11 Tf 72 700 Td <${shown}> Tj ET`, font, objects: [glyph] }));
}

describe("letters of a font that names none of them", () => {
  it("are those of Latin-1 beside plain letters that make a text", async () => {
    const text = "quell\u2019anno pu\u00f2 finire, ma la citt\u00e0 non sar\u00e0 pi\u00f9 la stessa".replace(
      "\u2019",
      "'",
    );
    expect(await coded(text)).toBe(text);
  });

  it("are not those of Latin-1 where its signs stand within words", async () => {
    expect(await coded("sprzeda\u00bfy siê nie mo\u00bfna, bo wszyscy maj\u00b9 to samo na sprzeda\u00bf")).toContain(
      "si\ufffd",
    );
  });

  it("are U+FFFD where they are drawn with the code 0", async () => {
    expect(await coded("che dell\0impresa e dall\0altra parte")).toBe("che dell\ufffdimpresa e dall\ufffdaltra parte");
  });

  it.each([
    ["T1", "a di\u001berent, e\u001ecient \u001crst re\u001dection of re\u001cned o\u001ece work"],
    ["OT1", "a di\u000berent, e\u000ecient \u000crst reflection of re\u000cned o\u000ece work"],
  ])("are TeX's ligatures at the codes of %s", async (_encoding, text) => {
    expect(await coded(text)).toBe("a different, efficient first reflection of refined office work");
  });
});

describe("the text of another engine", () => {
  const codes = { text: "9RUQDPH6WUDH+DXVQXPPHU$QWUDJDXI0LWJOLHGVFKDIW", named: 2 };
  it.each([
    ["names codes that are the numbers of glyphs", "Vorname Stra\u00dfe, Hausnummer Antrag auf Mitgliedschaft", true],
    ["names none when it has the codes, too", "9RUQDPH 6WUDH +DXVQXPPHU $QWUDJ DXI 0LWJOLHGVFKDIW", false],
    ["names none when it has only the other letters", "Seite Mitglied", false],
    ["names none when it has no letters either", `${"\ufffd".repeat(20)}Vorname Hausnummer Antrag`, false],
  ])("%s", (_what, text, isNamed) => {
    expect(namesCodes(text, codes)).toBe(isNamed);
  });
});
