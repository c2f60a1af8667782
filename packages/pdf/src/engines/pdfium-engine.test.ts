import type { PdfObject } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { engine, line, onePage, readFirst, textOf, type OnePage } from "../../test/one-page.ts";

/* Small PDFs that are made in this file, each of a common kind, and the text that people see on their page. */

describe("the size of type", () => {
  it.each([
    ["in the text matrix", "BT /F1 1 Tf 12 0 0 12 72 700 Tm (Set) Tj ET", 12],
    ["in a scaled space", "q 0.25 0 0 0.25 0 0 cm BT /F1 40 Tf 288 2800 Td (Set) Tj ET Q", 10],
    ["negative, where the matrix turns the letters back", "BT /F1 -9 Tf -1 0 0 -1 72 700 Tm (Set) Tj ET", 9],
    ["in a space that is turned over", "q 1 0 0 -1 0 792 cm BT /F1 14 Tf 1 0 0 -1 72 92 Tm (Set) Tj ET Q", 14],
  ])("is found %s", async (_where, content, size) => {
    const { lines } = await readFirst(onePage({ content }));
    expect(lines).toMatchObject([{ text: "Set" }]);
    expect(lines[0]?.size).toBeCloseTo(size, 1);
  });
});

it.each([
  ["as in points", 1, "[(ab) -30000 (ba) -30000 (aab)]", "ab ba aab", 60],
  ["a little larger than usual, in a line without tall letters", 0.1, "[(aa) -3000 (a) -3000 (aaa)]", "aa a aaa", 40],
])(
  "words of letters at a font's own scale, %s, have blanks between them, not tabs",
  async (_how, scale, words, read, height) => {
    const glyph = (width: number, height: number): PdfObject => ({
      dictionary: "",
      content: `${width} 0 0 0 ${width} ${height} d1 2 0 ${width - 4} ${height} re f`,
    });
    const font =
      `<< /Type /Font /Subtype /Type3 /FontBBox [0 0 60 60] /FontMatrix [${scale} 0 0 ${scale} 0 0] /FirstChar 97 /LastChar 98 ` +
      "/Widths [50 40] /CharProcs << /a 6 0 R /b 7 0 R >> /Encoding << /Type /Encoding /Differences [97 /a /b] >> >>";
    const content = `BT /F1 ${0.12 / scale} Tf 72 700 Td ${words} TJ ET`;
    const { lines } = await readFirst(onePage({ content, font, objects: [glyph(50, 40), glyph(40, 60)] }));
    expect(lines).toMatchObject([{ text: read }]);
    expect(lines[0]?.size).toBeCloseTo(0.12 * height * 1.4, 1);
  },
);

/** A font whose map from codes to letters has only the codes of `range`. */
function namedFont(range: string): { font: string; objects: Array<string | { dictionary: string; content: string }> } {
  const cmap =
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n" +
    `1 begincodespacerange <0000> <ffff> endcodespacerange\n1 beginbfrange ${range} endbfrange\n` +
    "endcmap CMapName currentdict /CMap defineresource pop end end";
  const font =
    "<< /Type /Font /Subtype /Type0 /BaseFont /Nameless /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>";
  const objects = [
    `<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Nameless /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 8 0 R /DW 600 >>`,
    { dictionary: "", content: cmap },
    "<< /Type /FontDescriptor /FontName /Nameless /Flags 4 /FontBBox [0 0 600 700] /ItalicAngle 0 /Ascent 700 /Descent 0 /CapHeight 700 /StemV 80 >>",
  ];
  return { font, objects };
}

describe("letters that stand apart or together", () => {
  it("one object a letter are the words of their row", async () => {
    const letters = (x: number, y: number, word: string): string =>
      [...word].map((letter, at) => line(y, letter, x + at * 6.1)).join("");
    const content = letters(72, 700, "hound") + letters(200, 700, "17") + letters(72, 680, "pane");
    expect(await textOf(onePage({ content }))).toBe("hound\t17\npane");
  });

  it("have blanks between them where tabs are drawn, also in a form", async () => {
    const note = "<< /Type /Annot /Subtype /Text /Rect [300 700 320 720] /F 2 /Contents (hidden) >>";
    const font = `<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 7 0 R >>`;
    const map =
      "begincmap 1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <20> <0009> endbfchar endcmap";
    const bytes = onePage({
      content: `-1 Tw ${line(700, "heart disease and stroke")}`,
      page: "/Annots [6 0 R]",
      font,
      objects: [note, { dictionary: "", content: map }],
    });
    expect(await textOf(bytes)).toBe("heart disease and stroke");
  });

  it("under one another are lines of their own", async () => {
    const content = ["1", "2", "3"].map((label, at) => line(700 - at * 60, label)).join("");
    expect(await textOf(onePage({ content }))).toBe("1\n2\n3");
  });

  it.each([
    ["drawn apart", "(most indispens) Tj 68 0 Td (-) Tj -68 0 Td", "most indispensable to the quality"],
    ["moved by the font's spacing", "[(most indispens) -300 (-)] TJ", "most indispensable to the quality"],
    ["behind a blank that is drawn narrower", "[(most indispens ) 200 (-)] TJ", "most indispensable to the quality"],
    ["as a dash behind a drawn blank", "(most indispens -) Tj", "most indispens -\nable to the quality"],
    ["as a dash in a line of gaps", "[(most) -400 (indispens) -400 (-)] TJ", "most indispens -\nable to the quality"],
  ])("with a hyphen at the line's end %s", async (_where, end, read) => {
    const content = `BT /F1 10 Tf 72 700 Td ${end} 0 -12 Td (able to the quality) Tj ET`;
    expect(await textOf(onePage({ content }))).toBe(read);
  });

  it("in rows of their own are lines of their own, if PDFium takes them for one word", async () => {
    expect(await textOf(onePage({ content: `${line(700, "six")}${line(640, "1")}` }))).toBe("six\n1");
  });

  it.each([
    ["white on white", `1 1 1 rg ${line(700, "Unseen")}`],
    ["in invisible type, as under a recognised scan,", `3 Tr ${line(700, "Unseen")}`],
    ["cut away by a clipping path", `q 0 0 10 10 re W n ${line(700, "Unseen")} Q`],
  ])("%s are read: nothing but looking at the page would tell", async (_how, content) => {
    expect(await textOf(onePage({ content }))).toBe("Unseen");
  });

  it("a line that is drawn several times at one place is read once, and elsewhere again", async () => {
    const content = line(700, "Approved") + line(700, "Approved") + line(600, "Approved");
    expect(await textOf(onePage({ content }))).toBe("Approved\nApproved");
  });

  it("outside of the page are not read, and a line that runs over its edge is", async () => {
    const content = line(700, "Inside") + line(680, "Beyond", 700) + line(660, "Over the edge of it", 230);
    expect(await textOf(onePage({ content, page: "/CropBox [0 0 306 792]" }))).toBe("Inside\nOver the edge of it");
  });

  it("without a name are U+FFFD when they are few, and in lines of few others left out; the page says so", async () => {
    const { font, objects } = namedFont("<0041> <005a> <0041>");
    const shown = (codes: string): string => `BT /F1 12 Tf 40 700 Td <${codes}> Tj ET`;
    const named = Array.from({ length: 40 }, (_, at) => (0x41 + (at % 26)).toString(16).padStart(4, "0")).join("");
    const few = await readFirst(onePage({ content: shown(`${named}0212`), font, objects }));
    expect(few.unnamed).toBe(false);
    expect(few.lines[0]?.text).toMatch(/^[A-Z]{40}\ufffd$/);
    const holed = await readFirst(onePage({ content: shown(`${named.slice(0, 64)}0212`.repeat(14)), font, objects }));
    expect(holed.unnamed).toBe(true);
    expect(holed.lines[0]?.text).toMatch(/^([A-Z]{16}\ufffd){14}$/);
    const many = [700, 680]
      .map((y) => shown(named.replace(/00[45][1-9]/g, "0224")).replace("700 Td", `${y} Td`))
      .join("\n");
    expect(await readFirst(onePage({ content: many, font, objects }))).toMatchObject({ lines: [], unnamed: true });
    const beside = await readFirst(
      onePage({ content: `${many}\n${shown(named).replace("700 Td", "660 Td")}`, font, objects }),
    );
    expect(beside.unnamed).toBe(true);
    expect(beside.lines.map(({ text }) => text)).toEqual([expect.stringMatching(/^[A-Z]{40}$/)]);
  });

  it("without a name leave their Arabic line when they are one in ten: a letter has several forms", async () => {
    const { font, objects } = namedFont("<0041> <004a> <0628>");
    const codes = `${"0041".repeat(9)}036c`.repeat(20);
    const { lines, unnamed } = await readFirst(
      onePage({ content: `BT /F1 2 Tf 40 700 Td <${codes}> Tj ET`, font, objects }),
    );
    expect(unnamed).toBe(true);
    expect(lines.map(({ text }) => text.match(/\ufffd/g)?.length)).toEqual([20]);
  });

  it("without a name are Thai where their codes are those of Thai", async () => {
    const codes = Buffer.from("ÃÐºº¨Ñ´àÃÕÂ§¾ÔÁ¾ì·Õ\u008bàËÁÒÐÊÁ", "latin1");
    const cids = [...codes].map((code) => code.toString(16).padStart(4, "0")).join("");
    const { font, objects } = namedFont("<0041> <005a> <0041>");
    const { lines, unnamed } = await readFirst(
      onePage({ content: `BT /F1 12 Tf 40 700 Td <${cids}> Tj ET`, font, objects }),
    );
    expect(unnamed).toBe(false);
    expect(lines.map(({ text }) => text)).toEqual(["ระบบจัดเรียงพิมพ์ที่เหมาะสม"]);
  });

  it("without a name are still unknown beside such Thai, and TeX's ligatures are known", async () => {
    const hex = (codes: string): string =>
      [...Buffer.from(codes, "latin1")].map((code) => code.toString(16).padStart(4, "0")).join("");
    const thai = hex("ÃÐºº¨Ñ´àÃÕÂ§¾ÔÁ¾ì·Õ\u008bàËÁÒÐÊÁ");
    const { font, objects } = namedFont("<0020> <007e> <0020>");
    const shown = (...lines: string[]): ReturnType<typeof readFirst> =>
      readFirst(
        onePage({
          content: lines.map((codes, at) => `BT /F1 6 Tf 40 ${700 - 20 * at} Td <${codes}> Tj ET`).join(" "),
          font,
          objects,
        }),
      );
    const other = await shown(thai.repeat(3), "036c021203aa055500db".repeat(4));
    expect(other.unnamed).toBe(true);
    expect(other.lines.map(({ text }) => text)).toEqual(["ระบบจัดเรียงพิมพ์ที่เหมาะสม".repeat(3)]);
    const tex = await shown(thai, hex("wa\u000fes e\u000ecient"));
    expect(tex.lines[1]?.text.normalize("NFKC")).toBe("waffles efficient");
  });
});

describe("a page that is turned, or text that is turned on it", () => {
  const rows = [
    "Fees for the winter season are due on the",
    "first working day, at the harbour office.",
    "",
    "7|Ottilie",
  ];
  /** Draws `rows`, cell by cell, from the top of the page. `matrix` returns the text matrix for a cell's position. */
  const written = (matrix: (x: number, y: number) => string): string =>
    rows
      .flatMap((row, index) =>
        row
          .split("|")
          .map((cell, at) => `BT /F1 11 Tf ${matrix(72 + at * 120, 500 - index * 14)} Tm (${cell}) Tj ET\n`),
      )
      .join("");
  const upright = (x: number, y: number): string => `1 0 0 1 ${x} ${y}`;
  const upwards = (x: number, y: number): string => `0 1 -1 0 ${600 - y} ${x}`;
  const overhead = (x: number, y: number): string => `-1 0 0 -1 ${600 - x} ${700 - y}`;
  const downwards = (x: number, y: number): string => `0 -1 1 0 ${y} ${700 - x}`;
  it.each([
    ["by 90, as scanners and spreadsheets do", upwards, 90],
    ["by 180", overhead, 180],
    ["by 270", downwards, 270],
    ["not, and its text runs upwards", upwards, 0],
    ["not, and its text runs downwards", downwards, 0],
    ["not, and its text is upside down", overhead, 0],
    ["by 90, and its text stays", upright, 90],
    ["by 180, and its text stays", upright, 180],
    ["by 270, and its text stays", upright, 270],
  ])("%s", async (_how, matrix, rotate) => {
    const page = onePage({ content: written(matrix), page: `/Rotate ${rotate}` });
    const prose = `${rows[0]} ${rows[1]}`;
    expect(await textOf(page)).toBe(`${prose}\n7\tOttilie`);
  });

  it("has the values of its fields behind their labels", async () => {
    const field =
      "<< /Type /Annot /Subtype /Widget /Rect [96 140 112 300] /DA (/F1 10 Tf 0 g) /FT /Tx /T (crew) /V (17) >>";
    const content = "BT /F1 11 Tf 0 1 -1 0 108 72 Tm (Crew) Tj ET BT /F1 11 Tf 0 1 -1 0 128 72 Tm (Port) Tj ET";
    const page = onePage({
      content,
      page: "/Rotate 90 /Annots [6 0 R]",
      catalog: "/AcroForm << /Fields [6 0 R] /DR << /Font << /F1 4 0 R >> >> /DA (/F1 10 Tf 0 g) >>",
      objects: [field],
    });
    expect(await textOf(page)).toBe("Crew\t17\nPort");
  });
});

describe("ligatures that only the name of their glyph tells", () => {
  const named = (differences: string): string =>
    `<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /BaseEncoding /WinAnsiEncoding /Differences [${differences}] >> >>`;
  it.each([
    ["control characters", "30 /f_f 31 /f_f_i", "A sti\\036 o\\037cer", "A stiff officer"],
    ["codes that PDFium leaves out", "1 /T_h /f_t /s_t", "\\001is gi\\002 la\\003s", "This gift lasts"],
    ["signs and capitals", "33 /f_f 65 /tt", "A di!erent, beAer o!er", "A different, better offer"],
    ["upper controls", "128 /f_j", "A \\200ord", "A fjord"],
    ["names of code points", "5 /uni00660066 6 /a.sc", "Sti\\005 w\\006ter", "Stiff water"],
    ["no names that are known", "30 /hidden 31 /f_f", "o\\036en o\\037er", "o\ufffden offer"],
    ["a sign that is one", "33 /exclam", "a!b o!er", "a!b o!er"],
  ])("%s", async (_where, differences, text, read) => {
    expect(await textOf(onePage({ content: line(700, text), font: named(differences) }))).toBe(read);
  });
});

describe("UTF-8 where PDF asks for something else", () => {
  const text = "\u041f\u0440\u0438\u0432\u0435\u0442, 20 \u20ac";
  const hex = (of: string): string => Buffer.from(of).toString("hex");
  const signs = [...new Set(text)];
  const cid = (at: number): string => at.toString(16).padStart(4, "0");
  const cmap = (body: string): PdfObject => ({
    dictionary: "/Type /CMap /CMapName /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>",
    content: `/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n${body}\nendcmap end end`,
  });
  const composite = (entries: string, map: PdfObject): Pick<OnePage, "font" | "objects"> => ({
    font: `<< /Type /Font /Subtype /Type0 /BaseFont /Nameless /DescendantFonts [6 0 R] ${entries} >>`,
    objects: [
      "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Nameless /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 8 0 R /DW 600 >>",
      map,
      "<< /Type /FontDescriptor /FontName /Nameless /Flags 4 /FontBBox [0 0 600 700] /ItalicAngle 0 /Ascent 700 /Descent 0 /CapHeight 700 /StemV 80 >>",
    ],
  });
  const shown = (codes: string): string => `BT /F1 12 Tf 40 700 Td <${codes}> Tj ET`;

  it("as the codes of a font", async () => {
    const map = cmap(
      `3 begincodespacerange <00> <7F> <C080> <DFBF> <E08080> <EFBFBF> endcodespacerange\n${signs.length} begincidchar ${signs.map((sign, at) => `<${hex(sign)}> ${at + 1}`).join("\n")} endcidchar`,
    );
    const page = onePage({ content: shown(hex(text)), ...composite("/Encoding 7 0 R", map) });
    expect(await textOf(page)).toBe(text);
  });

  it("as the letters that a font names", async () => {
    const map = cmap(
      `1 begincodespacerange <0000> <ffff> endcodespacerange ${signs.length} beginbfchar ${signs.map((sign, at) => `<${cid(at + 1)}> <${hex(sign)}>`).join("\n")} endbfchar`,
    );
    const codes = [...text].map((sign) => cid(signs.indexOf(sign) + 1)).join("");
    const page = onePage({ content: shown(codes), ...composite("/Encoding /Identity-H /ToUnicode 7 0 R", map) });
    expect(await textOf(page)).toBe(text);
  });

  it("in a note", async () => {
    const note = `<< /Type /Annot /Subtype /Text /Rect [300 700 320 720] /Contents <${hex("caf\u00e9")}> >>`;
    const page = onePage({ content: line(700, "Lease"), page: "/Annots [6 0 R]", objects: [note] });
    expect(await textOf(page)).toBe("Lease\n[Note] caf\u00e9");
  });
});

describe("annotations", () => {
  const form = (widgets: string, more: readonly PdfObject[]): Partial<OnePage> => ({
    page: `/Annots [${widgets}]`,
    catalog: `/AcroForm << /Fields [${widgets}] /DR << /Font << /F1 4 0 R >> >> /DA (/F1 10 Tf 0 g) >>`,
    objects: more,
  });
  const field = (rect: string, entries: string): string =>
    `<< /Type /Annot /Subtype /Widget /Rect [${rect}] /DA (/F1 10 Tf 0 g) ${entries} >>`;
  const appearance = (text: string): PdfObject => ({
    dictionary: "/Type /XObject /Subtype /Form /BBox [0 0 150 16] /Resources << /Font << /F1 4 0 R >> >>",
    content: `BT /F1 10 Tf 2 4 Td (${text}) Tj ET`,
  });

  it("fields with and without an appearance stand behind the labels of their rows", async () => {
    const content = line(700, "Name") + line(680, "Port") + line(660, "Crew");
    const fields = form("6 0 R 8 0 R", [
      field("150 696 300 712", "/FT /Tx /T (name) /V (Ottilie) /AP << /N 7 0 R >>"),
      appearance("Ottilie"),
      field("150 656 300 672", "/FT /Tx /T (crew) /V (17)"),
    ]);
    expect(await textOf(onePage({ content, ...fields }))).toBe("Name\tOttilie\nPort\nCrew\t17");
  });

  it("two labels in a row keep their values apart", async () => {
    const content = line(700, "From") + line(700, "To", 320);
    const fields = form("6 0 R 7 0 R", [
      field("120 696 250 712", "/FT /Tx /T (from) /V (Bergen)"),
      field("350 696 480 712", "/FT /Tx /T (to) /V (Oslo)"),
    ]);
    expect(await textOf(onePage({ content, ...fields }))).toBe("From\tBergen\tTo\tOslo");
  });

  it("check boxes say what is chosen, and lists by the words that they show", async () => {
    const content = line(700, "Insured", 100) + line(680, "Towed", 100) + line(660, "Season");
    const fields = form("6 0 R 7 0 R 8 0 R", [
      field("80 698 92 710", "/FT /Btn /T (insured) /V /Yes /AS /Yes"),
      field("80 678 92 690", "/FT /Btn /T (towed) /V /Off /AS /Off"),
      field("150 656 300 672", "/FT /Ch /Ff 131072 /T (season) /V (s) /Opt [[(s) (Summer)] [(w) (Winter)]]"),
    ]);
    expect(await textOf(onePage({ content, ...fields }))).toBe("[x] Insured\n[ ] Towed\nSeason\tSummer");
  });

  it("sticky notes end the page; what is hidden, or a password, is not read", async () => {
    const fields = form("6 0 R 7 0 R 8 0 R", [
      "<< /Type /Annot /Subtype /Text /Rect [300 700 320 720] /Contents (Ask the harbour master\nabout this) >>",
      "<< /Type /Annot /Subtype /Text /Rect [300 600 320 620] /F 2 /Contents (hidden) >>",
      field("150 656 300 672", "/FT /Tx /Ff 8192 /T (pin) /V (sesame)"),
    ]);
    expect(await textOf(onePage({ content: line(700, "Lease"), ...fields }))).toBe(
      "Lease\n[Note] Ask the harbour master about this",
    );
  });

  it("many that show one long text are read as far as a page's share goes", async () => {
    const count = 40;
    const note = `<< /Type /Annot /Subtype /Text /Rect [300 700 320 720] /Contents ${6 + count} 0 R >>`;
    const notes = Array.from({ length: count }, () => note);
    const refs = notes.map((_, at) => `${6 + at} 0 R`).join(" ");
    const bytes = onePage({
      content: line(700, "Lease"),
      page: `/Annots [${refs}]`,
      objects: [...notes, `(${"a ".repeat(45_000)})`],
    });
    const { lines } = await readFirst(bytes);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(1_100_000);
  });

  it("a page of nothing but fields is read from top to bottom, each time anew", async () => {
    const fields = form("6 0 R 7 0 R", [
      field("72 600 200 616", "/FT /Tx /T (second) /V (below)"),
      field("72 700 200 716", "/FT /Tx /T (first) /V (above)"),
    ]);
    const bytes = onePage({ content: "", ...fields });
    expect(await textOf(bytes)).toBe("above\nbelow");
    expect(await textOf(bytes)).toBe("above\nbelow");
  });
});

describe("files that break off", () => {
  const whole = Buffer.from(onePage({ content: line(700, "The lease begins in May.") })).toString("latin1");

  it("without a table and a trailer are read by their catalog", async () => {
    const cut = Buffer.from(whole.slice(0, whole.indexOf("xref")), "latin1");
    expect(await textOf(cut)).toBe("The lease begins in May.");
  });

  it("within the last stream are read as far as they go", async () => {
    const cut = Buffer.from(whole.slice(0, whole.indexOf("endstream")), "latin1");
    expect(await textOf(cut)).toBe("The lease begins in May.");
  });

  it("before their catalog are invalid", async () => {
    await expect(engine.open(Buffer.from(whole.slice(0, 12), "latin1"), undefined)).rejects.toMatchObject({
      kind: "invalid",
    });
  });
});
