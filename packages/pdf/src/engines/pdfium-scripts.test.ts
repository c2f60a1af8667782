import { describe, expect, it } from "vitest";
import { engine, onePage, readFirst, textOf } from "../../test/one-page.ts";
import { pageMarkdown } from "../markdown/page-markdown.ts";
import { pageText } from "../text/layout.ts";

/*
 * Scripts whose letters are drawn in clusters or at different heights, drawn as programs draw them, and the text that
 * is read.
 */

describe("clusters that ActualText names", () => {
  const utf16 = (text: string): string => Buffer.from(`\ufeff${text}`, "utf16le").swap16().toString("hex");
  const named = (text: string, drawn: string): string => `/Span << /ActualText <${utf16(text)}> >> BDC ${drawn} EMC\n`;
  const TAMIL = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 6 0 R >>";
  const NAMES_OF_TAMIL = {
    dictionary: "",
    content:
      "begincmap 1 begincodespacerange <00> <ff> endcodespacerange 4 beginbfchar " +
      "<20> <0020> <6c> <0bbf> <6e> <0ba9> <6f> <0b95> endbfchar endcmap",
  };
  const at = (x: number, glyphs: string, y = 700): string => `1 0 0 1 ${x} ${y} Tm (${glyphs}) Tj`;

  it("are read once where each of their signs is drawn by itself, and not broken", async () => {
    const word =
      named("\u0e27\u0e31", `${at(72, "o")} ${at(84, ".")}`) +
      named("\u0e19", at(79, "n")) +
      named("\u0e17\u0e35\u0e48", `${at(86, "o")} ${at(98, ".")}`);
    expect(await textOf(onePage({ content: `BT /F1 12 Tf ${word} ET` }))).toBe("\u0e27\u0e31\u0e19\u0e17\u0e35\u0e48");
  });

  it("are not broken where PDFium made a blank before and after a sign that it gives twice", async () => {
    const names = "<20> <0020> <6c> <0e49> <6e> <0e01> <6f> <0e07>";
    const thai = { dictionary: "", content: NAMES_OF_TAMIL.content.replace(/<20> .*(?= endbfchar)/, names) };
    const content = named("\u0e14\u0e34", `${at(72, "o")} ${at(80, ".")}`) + `${at(79, "nnn")} ${at(99.5, "on")}`;
    expect(await textOf(onePage({ content: `BT /F1 12 Tf ${content} ET`, font: TAMIL, objects: [thai] }))).toBe(
      "\u0e14\u0e34\u0e01\u0e01\u0e01\u0e07\u0e01",
    );
  });

  // Chromium draws a sign that follows its letter as a separate object, and PDFium takes the cluster to be as wide as
  // its first sign.
  it.each([
    ["a narrow one", 79, 82, ""],
    ["one as wide as a gap between cells", 90, 102, ""],
    ["the same on a page that begins with a blank", 90, 102, at(60, " ")],
  ])("are as wide as all of their signs, and %s is not broken", async (_how, sign, next, before) => {
    const content =
      before +
      named("\u0b95\u0bca", `${at(72, "o")} ${at(sign, "ll")}`) +
      at(next, "n ") +
      named("\u0bb5\u0bbf", `${at(next + 10, "n")} ${at(next + 17, "l")}`) +
      at(next + 20, "o");
    const text = await textOf(
      onePage({ content: `BT /F1 12 Tf ${content} ET`, font: TAMIL, objects: [NAMES_OF_TAMIL] }),
    );
    expect(text).toBe("\u0b95\u0bca\u0ba9 \u0bb5\u0bbf\u0b95");
  });

  it("are not broken in a row of cells", async () => {
    const cells = [named("\u0b95\u0bca", `${at(72, "o")} ${at(90, "ll")}`), at(102, "n "), at(250, "n"), at(400, "n")];
    expect(
      await textOf(onePage({ content: `BT /F1 12 Tf ${cells.join(" ")} ET`, font: TAMIL, objects: [NAMES_OF_TAMIL] })),
    ).toBe("\u0b95\u0bca\u0ba9\t\u0ba9\t\u0ba9");
  });

  it("are cells of a table in Markdown, each with its own extent", async () => {
    const row = (y: number): string =>
      [
        named("\u0b95\u0bca", `${at(72, "o", y)} ${at(90, "ll", y)}`),
        at(97, "n on", y),
        named("\u0b95\u0bca", `${at(250, "o", y)} ${at(268, "ll", y)}`),
        at(275, "n", y),
        at(400, "on", y),
      ].join(" ");
    const content = `BT /F1 12 Tf ${row(700)} ${row(680)} ${row(660)} ET`;
    const document = await engine.open(onePage({ content, font: TAMIL, objects: [NAMES_OF_TAMIL] }), undefined);
    const { lines, ...how } = await document.read(1, { styled: true });
    await document.close();
    const cells = "| \u0b95\u0bca\u0ba9 \u0b95\u0ba9 | \u0b95\u0bca\u0ba9 | \u0b95\u0ba9 |";
    expect(pageMarkdown(lines, how)).toBe([cells, "| --- | --- | --- |", cells, cells].join("\n"));
  });

  it.each([6, 12, 25])(
    "have no blanks between them and no cells in a line that is spaced out by %s points",
    async (space) => {
      const names = "<20> <0020> <41> <0041> <6c> <0bbf> <6e> <0ba9> <6f> <0b95>";
      const mixed = {
        dictionary: "",
        content: NAMES_OF_TAMIL.content.replace(/4 (beginbfchar) .*(?= endbfchar)/, `5 $1 ${names}`),
      };
      const read = (line: string): Promise<string> =>
        textOf(onePage({ content: `BT /F1 12 Tf ${space} Tc ${at(20, line)} ET`, font: TAMIL, objects: [mixed] }));
      expect(await read("AAAAAAAAA onl")).toBe("AAAAAAAAA \u0b95\u0ba9\u0bbf");
      expect(await read("onl noon onl")).toBe("\u0b95\u0ba9\u0bbf \u0ba9\u0b95\u0b95\u0ba9 \u0b95\u0ba9\u0bbf");
    },
  );

  it("are U+FFFD where a letter of another script stands in their words", async () => {
    const names = "<20> <0020> <6c> <08fb> <6e> <0915> <6f> <0930>";
    const mixed = { dictionary: "", content: NAMES_OF_TAMIL.content.replace(/<20> .*(?= endbfchar)/, names) };
    const { lines } = await readFirst(
      onePage({ content: `BT /F1 12 Tf ${at(72, "onlon on")} ET`, font: TAMIL, objects: [mixed] }),
    );
    expect(pageText(lines)).toBe("\u0930\u0915\ufffd\u0930\u0915 \u0930\u0915");
  });

  it("keep a Greek letter that stands for an angle or a wavelength beside a word", async () => {
    const names = "<20> <0020> <6c> <03b8> <6e> <0e01> <6f> <0e07>";
    const thai = { dictionary: "", content: NAMES_OF_TAMIL.content.replace(/<20> .*(?= endbfchar)/, names) };
    const content = `BT /F1 12 Tf ${at(72, "onlon on")} ET`;
    expect(await textOf(onePage({ content, font: TAMIL, objects: [thai] }))).toBe(
      "\u0e07\u0e01\u03b8\u0e07\u0e01 \u0e07\u0e01",
    );
  });

  it("of right-to-left letters have their marks, not those beside them", async () => {
    const names = "<20> <0020> <6c> <0627> <6e> <0628> <6f> <0636>";
    const arabic = { dictionary: "", content: NAMES_OF_TAMIL.content.replace(/<20> .*(?= endbfchar)/, names) };
    const content = `BT /F1 12 Tf ${at(95, "n")} ${named("\u0636\u064b", at(87, "o"))} ${at(86.5, "l")} ET`;
    expect(await textOf(onePage({ content, font: TAMIL, objects: [arabic] }))).toBe("\u0628\u0636\u064b\u0627");
  });

  it("have marks that are drawn after the line at their letters", async () => {
    const names = "<20> <0020> <6c> <0e49> <6e> <0e01> <6f> <0e07>";
    const thai = { dictionary: "", content: NAMES_OF_TAMIL.content.replace(/<20> .*(?= endbfchar)/, names) };
    const content = `BT /F1 12 Tf ${at(72, "no on no")} ${at(75, "l")} ${at(113, "l")} ET`;
    expect(await textOf(onePage({ content, font: TAMIL, objects: [thai] }))).toBe(
      "\u0e01\u0e49\u0e07 \u0e07\u0e01 \u0e01\u0e07\u0e49",
    );
  });
});

describe("right-to-left text", () => {
  const [BEH, NOON, SEEN] = ["\u0628", "\u0646", "\u0633"];
  const FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 6 0 R >>";
  const names = {
    dictionary: "",
    content:
      "begincmap 1 begincodespacerange <00> <ff> endcodespacerange 4 beginbfchar " +
      "<20> <0020> <6c> <0628> <6e> <0646> <6f> <0633> endbfchar endcmap",
  };
  const drawn = (...glyphs: ReadonlyArray<readonly [glyph: string, x: number, up: number]>): string =>
    glyphs.map(([glyph, x, up]) => `BT /F1 12 Tf 1 0 0 1 ${x} ${700 + up} Tm (${glyph}) Tj ET\n`).join("");
  const read = (content: string): Promise<string> => textOf(onePage({ content, font: FONT, objects: [names] }));

  // Draws one line. `glyphs` are given from left to right.
  const line = (glyphs: string, x: number, y: number, size: number): string =>
    `BT /F1 ${size} Tf 1 0 0 1 ${x} ${y} Tm (${glyphs}) Tj ET\n`;

  it("has tabs between the cells of a row, from right to left, and a line for each cell on request", async () => {
    const row = drawn(["oo", 72, 0], ["l", 200, 0], ["n", 300, 0], ["l", 308, 0]);
    expect(await read(row)).toBe(`${BEH}${NOON}\t${BEH}\t${SEEN}${SEEN}`);
    const document = await engine.open(onePage({ content: row, font: FONT, objects: [names] }), undefined);
    const { lines } = await document.read(1, { styled: true });
    await document.close();
    expect(lines.map(({ text, left }) => [text, Math.round(left)])).toEqual([
      [`${BEH}${NOON}`, 301],
      [BEH, 201],
      [`${SEEN}${SEEN}`, 72],
    ]);
  });

  it("has the cells of its rows from right to left on a page of Latin too, and Latin cells from left to right", async () => {
    const latin = { ...names, content: names.content.replace("4 beginbfchar", "5 beginbfchar <41> <0041>") };
    const rows = line("AAAA AA A", 72, 640, 12) + line("AA AAAA AAA", 72, 620, 12);
    const page = (row: string): Promise<string> =>
      textOf(onePage({ content: row + rows, font: FONT, objects: [latin] })).then((text) => text.split("\n")[0]!);
    expect(await page(line("oon", 72, 680, 12) + line("lln", 200, 680, 12))).toBe(
      `${NOON}${BEH}${BEH}\t${NOON}${SEEN}${SEEN}`,
    );
    expect(await page(line("AAA", 72, 680, 12) + line("lln", 200, 680, 12) + line("AA", 300, 680, 12))).toBe(
      `AAA\t${NOON}${BEH}${BEH}\tAA`,
    );
  });

  it("has no strokes by which its line was stretched, whose font does not name them", async () => {
    // LibreOffice stretches Arabic lines in this way. Codes 2 and 4 have no names here.
    const glyph = (height: number): { dictionary: string; content: string } => ({
      dictionary: "",
      content: `600 0 0 0 600 ${height} d1 0 0 600 ${height} re f`,
    });
    const font =
      "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 600 700] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 0 " +
      `/LastChar 111 /Widths [${"600 ".repeat(112)}] /CharProcs << /flat 7 0 R /tall 8 0 R >> /ToUnicode 6 0 R ` +
      "/Encoding << /Differences [2 /flat 4 /flat 108 /tall 110 /tall 111 /tall] >> >>";
    const page = (glyphs: string): Promise<string> =>
      textOf(
        onePage({ content: `BT /F1 12 Tf 72 700 Td (${glyphs}) Tj ET`, font, objects: [names, glyph(80), glyph(700)] }),
      );
    expect(await page("on\\004o l\\004\\004n")).toBe(await page("ono ln"));
    expect(await page("on\\002o l\\002\\002n")).toBe(await page("ono ln"));
  });

  it("that is drawn letter by letter and begins beyond the edge of the page is one line", async () => {
    const line = drawn(["o", 620, 0], ["o", 613, 0], ["n", 606, 0], ["o", 599, 0], ["n", 592, 0], ["l", 589, 0]);
    expect(await read(line)).toBe(`${SEEN}${SEEN}${NOON}${SEEN}${NOON}${BEH}`);
  });

  it("in words that descend to the baseline is one line in reading order, with the blanks between the words", async () => {
    const word = drawn(["n", 72, 0], ["o", 79, 7]);
    const other = drawn(["l", 90, 0], ["n", 93, 5], ["o", 100, 11]);
    expect(await read(word + drawn([" ", 86, 0]) + other)).toBe(`${SEEN}${NOON}${BEH} ${SEEN}${NOON}`);
  });

  it("in such words has a letter that stands at the right of the next in the order of drawing", async () => {
    const word = drawn(["l", 76, -4], ["n", 72, 0], ["o", 79, 7], ["o", 86, 0], ["l", 93, 9]);
    expect(await read(word)).toBe(`${BEH}${SEEN}${SEEN}${NOON}${BEH}`);
  });

  it("in such words has no blank at a letter that is drawn twice", async () => {
    const word = drawn(["n", 72, 0], ["o", 79, 7], ["o", 79, 7], ["l", 86, 9]);
    expect(await read(word)).toBe(`${BEH}${SEEN}${NOON}`);
  });

  describe("in such words in a table", () => {
    // Chromium draws the cells of a row from right to left, and the letters of a cell from left to right. PDFium takes
    // the row for several lines, with letters of several cells in one line.
    const row = (y: number): string =>
      [
        drawn(["n", 300, y], ["o", 307, y + 7], ["l", 312, y + 11], ["n", 316, y], ["o", 323, y + 5]),
        drawn(["l", 200, y], ["n", 205, y + 5], ["o", 210, y + 9]),
        drawn(["o", 72, y], ["l", 80, y], ["n", 83, y + 6]),
      ].join("");
    const cells = [`${SEEN}${NOON}${BEH}${SEEN}${NOON}`, `${SEEN}${NOON}${BEH}`, `${NOON}${BEH}${SEEN}`];

    it("has tabs between the cells of a row", async () => {
      expect(await read(row(0) + row(-30))).toBe(`${cells.join("\t")}\n${cells.join("\t")}`);
    });

    it("has the same cells in Markdown", async () => {
      const page = onePage({ content: row(0) + row(-30), font: FONT, objects: [names] });
      const document = await engine.open(page, undefined);
      const { lines } = await document.read(1, { styled: true });
      await document.close();
      const inRow = `| ${cells.join(" | ")} |`;
      expect(pageMarkdown(lines)).toBe(`${inRow}\n| --- | --- | --- |\n${inRow}`);
    });
  });

  describe("drawn letter by letter, with a few letters higher than the others", () => {
    const WIDTHS: Readonly<Record<string, number>> = { n: 6.67, o: 6.67, l: 2.67, " ": 4 };
    const words = ["noln", "oonl", "nlo", "lonon", "onol"];
    // Draws words from right to left, each letter by itself. `up`: how much higher each letter is.
    const byLetter = (y: number, isBlankDrawn: boolean, up: (at: number) => number): string => {
      let x = 300;
      const glyphs = [...words.join(" ")].map((glyph, at) => [glyph, (x -= WIDTHS[glyph]!), y + up(at)] as const);
      return drawn(...glyphs.filter(([glyph]) => isBlankDrawn || glyph !== " "));
    };
    const letters: Readonly<Record<string, string>> = { n: NOON, o: SEEN, l: BEH, " ": " " };
    const text = [...words.join(" ")].map((glyph) => letters[glyph]).join("");

    it.each([
      ["drawn", true],
      ["not drawn", false],
    ])("has the blanks between its words if they are %s", async (_, isBlankDrawn) => {
      // Of the title, the left part is lower, and PDFium takes it for a line of its own. The other lines have one
      // higher letter each.
      const title = byLetter(0, isBlankDrawn, (at) => (at > 9 ? -6 : 0));
      const lines = [-20, -40, -60].map((y) => byLetter(y, isBlankDrawn, (at) => (at === 7 ? 3 : 0)));
      const found = await read(title + lines.join(""));
      expect(found.split("\n").slice(1)).toEqual([text, text, text]);
    });
  });

  it("in such words of the next line is on a line of its own", async () => {
    const above = drawn(["n", 72, 0], ["o", 79, 7], ["l", 86, 9]);
    const below = drawn(["l", 72, -24], ["n", 75, -18], ["o", 82, -14]);
    expect(await read(above + below)).toBe(`${BEH}${SEEN}${NOON}\n${SEEN}${NOON}${BEH}`);
  });

  it.each([
    [12, 11],
    [12, 10],
    [20, 19],
    [13.3, 13.3],
  ])("of %s points is in two lines that are %s points apart", async (size, leading) => {
    const content = line("noln oln", 72, 700, size) + line("lnol non", 75, 700 - leading, size);
    expect(await read(content)).toBe(
      `${NOON}${BEH}${SEEN} ${NOON}${BEH}${SEEN}${NOON}\n${NOON}${SEEN}${NOON} ${BEH}${SEEN}${NOON}${BEH}`,
    );
  });

  it("is in two lines where a form draws them and where they are as short as heads of a table", async () => {
    const heads = line("nol", 72, 700, 12) + line("lon", 73, 690, 12);
    const text = `${BEH}${SEEN}${NOON}\n${NOON}${SEEN}${BEH}`;
    expect(await read(heads)).toBe(text);
    const form = {
      dictionary: "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 4 0 R >> >>",
      content: heads,
    };
    const page = "/Resources << /Font << /F1 4 0 R >> /XObject << /Form 7 0 R >> >>";
    expect(await textOf(onePage({ content: "/Form Do", page, font: FONT, objects: [names, form] }))).toBe(text);
  });

  it("stands between lines of Latin that are set as tight", async () => {
    const content = line("ABC ABC", 72, 700, 20) + line("nol nol", 90, 681, 20) + line("CBA CBA", 72, 662, 20);
    const latin = {
      dictionary: "",
      content: names.content.replace("4 beginbfchar", "7 beginbfchar <41> <0041> <42> <0042> <43> <0043>"),
    };
    const hebrew = `${BEH}${SEEN}${NOON}`;
    expect(await textOf(onePage({ content, font: FONT, objects: [latin] }))).toBe(
      `ABC ABC\n${hebrew} ${hebrew}\nCBA CBA`,
    );
  });
});
