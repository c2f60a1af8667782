import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pageText, type Line } from "./layout.ts";

const EM = 10;
const LEADING = 12;

/**
 * Lines of a column, one below the other. A letter is half an em wide; a Chinese, Japanese or Korean letter is one em
 * wide.
 */
function column(texts: readonly string[], more: Partial<Line> = {}): Line[] {
  return texts.map((text, index) => ({
    text,
    left: 50,
    right: 50 + widthOf(text),
    baseline: 700 - index * LEADING,
    size: EM,
    ...more,
  }));
}
function widthOf(text: string): number {
  return [...text.trim()].reduce((sum, sign) => sum + (/[\u1100-\uffef]/.test(sign) ? EM : EM / 2), 0);
}

const PARAGRAPH = [
  "The quick brown fox jumps over the lazy dog and",
  "then sleeps in the shade of an old tree until it",
  "is evening.",
];

describe("the text of a page", () => {
  it("joins the lines of a paragraph, and begins anew where the next word would have had room", () => {
    const lines = column([...PARAGRAPH, "A second paragraph begins here and it goes on to", "its end."]);
    expect(pageText(lines)).toBe(`${PARAGRAPH.join(" ")}\nA second paragraph begins here and it goes on to its end.`);
  });

  it("keeps a hyphen at the end of a line that nothing goes on from", () => {
    expect(pageText(column(["Forms of E\u0002", "Mail", "pre\ufffe"]))).toBe("Forms of E-\nMail\npre-");
  });

  it("keeps a dash that stands after a blank at the end of a line", () => {
    const lines = [
      "Harbour web page and its electronic mail client \ufffe",
      "read by the pilots every morning and evening.",
    ];
    expect(pageText(column(lines))).toBe(
      "Harbour web page and its electronic mail client - read by the pilots every morning and evening.",
    );
  });

  it("leaves titles, addresses and verse as they stand", () => {
    const lines = column(["12 Long Lane", "London", "England"]);
    expect(pageText(lines)).toBe("12 Long Lane\nLondon\nEngland");
  });

  it("joins nothing over a gap, another size of type or a first line that is set in", () => {
    const [one, two, three] = column(PARAGRAPH) as [Line, Line, Line];
    expect(pageText([one, two, { ...three, baseline: three.baseline - LEADING }])).toContain("until it\nis");
    expect(pageText([one, two, { ...three, size: EM * 1.5 }])).toContain("until it\nis");
    expect(pageText([one, two, { ...three, left: three.left + 15 }])).toContain("until it\nis");
    expect(pageText([one, two, { ...three, size: 0 }])).toContain("until it\nis");
  });

  it("joins lines of Thai without a blank, but for one that ends with one", () => {
    const phrase = "\u0e01\u0e32\u0e23\u0e40\u0e23\u0e35\u0e22\u0e19\u0e20\u0e32\u0e29\u0e32".repeat(4);
    const lines = [phrase, `${phrase} `, phrase.slice(0, 9)];
    const same = column(lines).map((line, index) => ({ ...line, right: index < 2 ? 270 : 100 }));
    expect(pageText(same)).toBe(`${phrase}${phrase} ${phrase.slice(0, 9)}`);
  });

  it("joins a stretched line of Thai with few blanks, and keeps the cells of a row that is as wide as a line above it", () => {
    const phrase = "\u0e01\u0e32\u0e23\u0e40\u0e23\u0e35\u0e22\u0e19\u0e20\u0e32\u0e29\u0e32".repeat(4);
    const stretched = `${phrase}\t${phrase.slice(0, 9)}`;
    const wide = (texts: readonly string[]): Line[] =>
      column(texts).map((line) => ({ ...line, right: 270, even: line.text.includes("\t") }));
    expect(pageText(wide([phrase, stretched, phrase]))).toBe(`${phrase}${stretched.replace("\t", " ")}${phrase}`);
    expect(pageText(wide([phrase, stretched, stretched]))).toBe(`${phrase}\n${stretched}\n${stretched}`);
    // Three wide blanks are not equally wide by chance, so the line was stretched to the width of its column.
    const three = Array(4).fill(phrase.slice(0, 9));
    expect(pageText(wide([phrase, three.join("\t")]))).toBe(`${phrase}${three.join(" ")}`);
  });

  it("keeps the blank before Thai's sign of repetition, which begins no line without one", () => {
    const phrase = "\u0e01\u0e32\u0e23\u0e40\u0e23\u0e35\u0e22\u0e19\u0e20\u0e32\u0e29\u0e32".repeat(4);
    const lines = column([phrase, "\u0e46"]).map((line, index) => ({ ...line, right: index < 1 ? 270 : 100 }));
    expect(pageText(lines)).toBe(`${phrase} \u0e46`);
  });

  it("joins lines of Burmese with a blank behind a full stop, where the page has one there", () => {
    const phrase = "\u1000\u1001\u1002\u1000".repeat(12);
    const lines = [`${phrase}\u104b ${phrase}\u104b`, `${phrase}\u104b ${phrase}`, phrase];
    const same = column(lines).map((line, index) => ({ ...line, right: index < 2 ? 270 : 100 }));
    expect(pageText(same)).toBe(`${lines[0]} ${lines[1]}${lines[2]}`);
  });

  it.each([
    ["Burmese", "\u1000\u1001\u1002\u1000", ["\u104a", "\u104b"]],
    ["Khmer", "\u1780\u1781\u1782\u1780", ["\u17d4", "\u17d5"]],
    ["Thai", "\u0e01\u0e32\u0e23\u0e14", ["\u0e46"]],
  ])("puts a blank after a sign of %s that always has one, even if the page shows none", (_script, word, signs) => {
    for (const sign of signs) {
      const lines = [`${word.repeat(12)}${sign}`, word];
      const same = column(lines).map((line, index) => ({ ...line, right: index < 1 ? 270 : 100 }));
      expect(pageText(same)).toBe(lines.join(" "));
    }
  });

  it("keeps rows and list items", () => {
    expect(pageText(column(["Region\tQuarter\tUnits sold\tUnit price\tRevenue", "South\tQ1\t100\t3.50\t350.00"]))).toBe(
      "Region\tQuarter\tUnits sold\tUnit price\tRevenue\nSouth\tQ1\t100\t3.50\t350.00",
    );
    const items = ["• the first one of these items is so long that it", "• another"];
    expect(pageText(column(items))).toBe(items.join("\n"));
    const hanging = column(["• the first one of these items is so long that it", "goes on below its own beginning."]);
    expect(pageText([hanging[0] as Line, { ...(hanging[1] as Line), left: 60 }])).toBe(
      "• the first one of these items is so long that it goes on below its own beginning.",
    );
  });

  it.each([
    ["of the engine's own", "\u0002"],
    ["typed", "-"],
    ["typographic", "\u2010"],
  ])("undoes a hyphen at a line's end, %s", (_what, hyphen) => {
    expect(pageText(column([`It was an extra${hyphen}`, "ordinary day"]))).toBe("It was an extraordinary day");
  });

  it("keeps a hyphen that is the word's own", () => {
    expect(pageText(column(["the dpkg\u0002", "source of it", "see dpkg-source"]))).toBe(
      "the dpkg-source of it\nsee dpkg-source",
    );
    expect(pageText(column(["Built with Anglo-", "Saxon words"]))).toBe("Built with Anglo-\nSaxon words");
    expect(pageText(column(["pages 10-", "12 of it"]))).toBe("pages 10-\n12 of it");
  });

  it("puts no blank between the lines of what is written without", () => {
    const chinese = ["这里上游源码树中的文件没有恢复到原始状态的必要在这一节中", "描述的过程可以理解。"];
    expect(pageText(column(chinese))).toBe(chinese.join(""));
    const korean = ["이 시스템은 문서에서 텍스트를 추출하여 분석 엔진으로 보낸다 안정", "적으로 유지되어야 한다."];
    expect(pageText(column(korean))).toBe(korean.join(""));
    const url = ["Look it all up at the address https://example.org/", "lists and be glad."];
    expect(pageText(column(url))).toBe(url.join(""));
    const path = ["What is put on this system's search path is in /usr/", "share and nowhere else."];
    expect(pageText(column(path))).toBe(path.join(""));
    const stroke = ["There are two kinds of them that we know of, those /", "and these, and there is no third."];
    expect(pageText(column(stroke))).toBe(stroke.join(" "));
  });

  it("reads right-to-left columns from the right", () => {
    const [first, second] = ["تقع المكتبة القديمة في وسط المدينة ويزورها الطلاب كل", "صباح لقراءة الكتب."] as const;
    const lines = column([first, second]).map((line) => ({
      ...line,
      left: 500 - (line.right - line.left),
      right: 500,
    }));
    expect(pageText(lines)).toBe(`${first} ${second}`);
  });

  it("loses no letter but the hyphens, whatever stands where", () => {
    const line = fc.record({
      text: fc.string({ unit: fc.constantFrom("a", "B", "7", " ", "\t", "中", "한", "ا", "•", "."), maxLength: 60 }),
      left: fc.double({ min: -50, max: 600, noNaN: true }),
      right: fc.double({ min: -50, max: 600, noNaN: true }),
      baseline: fc.double({ min: -50, max: 900, noNaN: true }),
      size: fc.constantFrom(0, 8, 10, 10.5, 20),
    });
    const solid = (text: string): string => text.replace(/\s/g, "");
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        expect(solid(pageText(lines))).toBe(solid(lines.map(({ text }) => text).join("")));
      }),
    );
  });
});

describe("lines that were drawn out to the width of their column", () => {
  const stretched = { text: "that\tone\tcannot\tproduce", left: 50, right: 290, baseline: 688, size: EM, even: true };
  const prose = column(["This line of prose is as wide as the one below here"], { right: 290 });

  it("have no cells where a line of prose beside them is as wide", () => {
    expect(pageText([...prose, stretched])).toContain("that one cannot produce");
  });
  it("keep them in a table, and where blanks differ", () => {
    expect(pageText([{ ...stretched, baseline: 700 }, stretched])).toContain("that\tone");
    expect(pageText([...prose, { ...stretched, even: false }])).toContain("that\tone");
  });
  it("have no cells in Thai if the wide blanks of the lines beside them are at other places", () => {
    const word = "\u0e01\u0e32\u0e23\u0e14".repeat(3);
    const lines = [100, 150, 220].map((left, index) => ({
      text: `${word}\t${word}`,
      left: 50,
      right: 290,
      baseline: 700 - 12 * index,
      size: EM,
      even: true,
      tabs: [{ left, right: left + 15 }],
    }));
    expect(pageText(lines)).toBe(Array(3).fill(`${word} ${word}`).join(""));
    const row = { ...lines[1]!, tabs: [{ left: 110, right: 130 }] };
    expect(pageText([lines[0]!, row, { ...row, baseline: 676 }])).toContain(`${word}\t${word}`);
  });
  it("keep labels and values apart in Thai, at the two edges of a column", () => {
    const word = "\u0e01\u0e32\u0e23\u0e14".repeat(3);
    const pairs = [100, 150, 220].map((left, index) => ({
      text: `${word}\t${word}`,
      left: 50,
      right: 330,
      baseline: 700 - 12 * index,
      size: EM,
      even: true,
      tabs: [{ left, right: left + 40 }],
    }));
    expect(pageText(pairs)).toBe(Array(3).fill(`${word}\t${word}`).join("\n"));
  });
  it("lose the blanks between all characters of Chinese, and keep those between words", () => {
    const [wide, last] = [
      column(["港 口 的 夜 班 每 周 清 点 货 物 一 次 再 一 次"]),
      column(["所有离开北门"], { baseline: 688 }),
    ];
    expect(pageText([...wide, ...last])).toBe("港口的夜班每周清点货物一次再一次所有离开北门");
    expect(pageText(column(["姓名 性别 年龄"]))).toBe("姓名 性别 年龄");
  });
});
