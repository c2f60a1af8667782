import { describe, expect, it } from "vitest";
import { onePage, textOf } from "../../test/one-page.ts";
import { estimatedLines } from "../text/estimated-lines.ts";
import type { PageEngine, ReadPage } from "./page-engine.ts";
import { createSecondReader, namesCodes } from "./second-reader.ts";

/**
 * Reads a page in a Type 3 font whose glyphs are named by their codes, as the program dvips writes them. `height`: the
 * height of the glyph with the code 0, in thousandths of the font's size.
 */
async function coded(text: string, height = 480): Promise<string> {
  const codes = [...new Set(Buffer.from(text, "latin1"))].toSorted((one, other) => one - other);
  const names = codes.map((code) => `${code} /a${code}`).join(" ");
  const glyphs = codes.map((code) => `/a${code} ${code === 0 ? 7 : 6} 0 R`).join(" ");
  const font =
    `<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 500] /FontMatrix [0.001 0 0 0.001 0 0] /CharProcs << ${glyphs} >> ` +
    `/Encoding << /Type /Encoding /Differences [${names}] >> /FirstChar 0 /LastChar 255 ` +
    `/Widths [${Array.from({ length: 256 }, () => 500).join(" ")}] >>`;
  const shown = Buffer.from(text, "latin1").toString("hex");
  const drawn = [480, height].map((top) => ({
    dictionary: "",
    content: `500 0 20 0 480 ${top} d1 20 0 460 ${top} re f`,
  }));
  return textOf(onePage({ content: `BT /F1 11 Tf 72 700 Td <${shown}> Tj ET`, font, objects: drawn }));
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

  it.each([
    [
      "Hungarian",
      "az \u00f5szi es\u00f5 ut\u00e1n a f\u00f6ld\u00f6n t\u00f6bb sz\u00e9p t\u00fbz \u00e9gett a h\u00e1zban",
      "es\ufffd",
    ],
    [
      "Turkish",
      "gece boyunca \u00e7al\u00fd\u00fean i\u00fe\u00e7iler a\u00f0a\u00e7lar\u00fdn alt\u00fdnda dinlendi",
      "alt\ufffdnda",
    ],
    ["Turkish without its own c", "bu ak\u00feamlar\u00fdn sonunda \u00f6l\u00fcm yok dedi", "ak\ufffdamlar\ufffdn"],
    ["Lithuanian", "\u00e0\u00feuolas ir \u00f0iaur\u00eb yra gra\u00fei vieta", "gra\ufffdi"],
    ["Czech", "zd\u00ecl\u00e1v\u00e1n\u00ed p\u00f8ed domem a v lese", "p\ufffded"],
    ["Croatian", "to je bilo na\u009aem gradu i ku\u00e6a je tamo", "ku\ufffda"],
  ])("are not those of Latin-1 in %s", async (_language, text, part) => {
    const read = await coded(text);
    expect(read).toContain(part);
    expect(read).not.toMatch(/[\u00c0-\u00ff]/);
  });

  it.each([
    ["Estonian", "k\u00f5ik p\u00e4evad on head ja \u00f6\u00f6d on soojad"],
    ["French with \u00fb", "la r\u00e9gion o\u00f9 le go\u00fbt du pain est tr\u00e8s bon"],
    ["Portuguese", "as informa\u00e7\u00f5es s\u00e3o enviadas para todos"],
    ["Icelandic", "\u00fea\u00f0 er n\u00fdtt h\u00fas \u00e1 \u00edslandi og \u00fe\u00fa ert h\u00e9r"],
    ["Norwegian", "det er fint \u00e5 g\u00e5 p\u00e5 tur n\u00e5r det er s\u00f8ndag"],
  ])("are those of Latin-1 in %s", async (_language, text) => {
    expect(await coded(text)).toBe(text);
  });

  it("are symbols where they stand alone and are no words", async () => {
    const text = "the angle \u00e1 and the angle \u00e2 with the value of \u00eb in the plane of the caf\u00e9";
    expect(await coded(text)).toBe(
      "the angle \ufffd and the angle \ufffd with the value of \ufffd in the plane of the caf\u00e9",
    );
  });

  it("are a sharp s at its code in T1", async () => {
    const text =
      "in der gro\u00ffen Stra\u00ffe gr\u00fc\u00fft man sich, und die K\u00f6nigin schlie\u00fft m\u00e4chtig";
    expect(await coded(text)).toBe(text.replaceAll("\u00ff", "\u00df"));
  });

  it("are U+FFFD where they are drawn with the code 0", async () => {
    expect(await coded("che dell\0impresa e dall\0altra parte")).toBe("che dell\ufffdimpresa e dall\ufffdaltra parte");
  });

  it.each([
    ["as tall as a bracket of a formula", "a soft\0 port", 1190, "a soft port"],
    ["a pattern", `a port ${"\0".repeat(20)} office`, 480, "a port office"],
    ["alone", "\0 first port of all", 480, "first port of all"],
    ["the only sign of a page", "\0\0", 480, ""],
  ])("are left out where they are drawn with the code 0 and are %s", async (_what, text, height, read) => {
    expect((await coded(text, height)).replace(/\s+/g, " ").trim()).toBe(read);
  });

  it.each([
    ["T1", "a di\u001berent, e\u001ecient \u001crst re\u001dection of re\u001cned o\u001ece work"],
    ["OT1", "a di\u000berent, e\u000ecient \u000crst reflection of re\u000cned o\u000ece work"],
  ])("are TeX's ligatures at the codes of %s", async (_encoding, text) => {
    expect(await coded(text)).toBe("a different, efficient first reflection of refined office work");
  });

  it("are T1's ligatures beside its accented letters, and not beside a single letter", async () => {
    const text =
      "l'e\u001bet de la \u001cn du probl\u00e8me est di\u001ecile \u00e0 r\u00e9soudre, f\u001e et g\u001c sont d\u00e9\u001cnies o\u001b";
    expect(await coded(text)).toBe(
      "l'effet de la fin du probl\u00e8me est difficile \u00e0 r\u00e9soudre, f\ufffd et g\ufffd sont d\u00e9finies off",
    );
  });

  it.each([
    [
      "Danish",
      "S\u001cren k\u001cber r\u001cd gr\u001cd om natten n\u001ar en gammel by hvor mange b\u001crn leger hele dagen",
    ],
    ["French", "le c\u001bur de ma s\u001bur est \u001buvre d'art et de b\u001bufs dans le grand monde"],
    ["an accent", "pr\u0013eface by J\u001crgen and the members of the o\u001ece at the caf\u00e9"],
  ])("are not T1's ligatures at the codes of OT1: %s", async (_what, text) => {
    expect(await coded(text)).toBe(text.replace(/[\u0010-\u001f]/g, "\ufffd"));
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

  it("is not asked for any more after three pages in a row on which it names none", async () => {
    const named = "Vorname Stra\u00dfe, Hausnummer Antrag auf Mitgliedschaft";
    const pages = ["", "", named, "", "", "", named];
    const asked: number[] = [];
    const read = async (page: number): Promise<ReadPage> => {
      asked.push(page);
      return { lines: estimatedLines(pages[page - 1] ?? ""), pictured: false };
    };
    const engine: PageEngine = { open: async () => ({ pages: pages.length, read, close: async () => {} }) };
    const reader = createSecondReader(async () => engine, new Uint8Array(), undefined);
    const texts: Array<string | undefined> = [];
    for (let page = 1; page <= pages.length; page++) texts.push(await reader.textNaming(page, codes));
    expect(texts).toEqual([undefined, undefined, named, undefined, undefined, undefined, undefined]);
    expect(asked).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await reader.textOf(7)).toBe(named);
    await reader.close();
  });
});
