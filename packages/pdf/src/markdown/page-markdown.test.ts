import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Line } from "../text/layout.ts";
import { pageMarkdown } from "./page-markdown.ts";

/** A line of running text: the line number `at` of the page, as wide as its letters require. */
function line(text: string, at: number, more: Partial<Line> = {}): Line {
  const size = more.size ?? 10;
  const left = more.left ?? 50;
  return { text, left, right: left + text.length * size * 0.5, baseline: 800 - 12 * at, size, ...more };
}
const PROSE = [
  "The lamp is lit at dusk and is watched until dawn, whatever the weather on the coast",
  "may be; the keeper writes down each hour and signs the page before breakfast.",
];
const prose = (at: number): Line[] => PROSE.map((text, index) => line(text, at + index));

describe("a page in Markdown", () => {
  it("has headings by size, and by weight at the size of its text", () => {
    const page = [
      line("Keeping", 0, { size: 20 }),
      line("a lighthouse", 2, { size: 20 }),
      ...prose(5),
      line("Daily work", 8, { size: 14 }),
      ...prose(10),
      line("At night", 13, { bold: true }),
      ...prose(15),
    ];
    const text = PROSE.join(" ");
    expect(pageMarkdown(page)).toBe(
      ["# Keeping a lighthouse", text, "## Daily work", text, "#### At night", text].join("\n\n"),
    );
  });

  it("has lists", () => {
    const page = [
      ...prose(0),
      line("• Wind the clockwork", 3),
      line("• Sleep", 4),
      line("1) Rise", 6),
      line("2) Eat", 7),
    ];
    expect(pageMarkdown(page).split("\n\n").slice(1)).toEqual(["- Wind the clockwork\n- Sleep\n1. Rise\n2. Eat"]);
  });

  it("has tables and lists that begin at the right, where its text does", () => {
    const cell = (text: string, at: number, left: number): Line => line(text, at, { left });
    const rows = [
      ["الاسم", "العدد", "السعر"],
      ["حبل", "12", "3.50"],
      ["مرساة", "7", "240.00"],
    ];
    const table = rows.flatMap((row, at) => row.map((text, column) => cell(text, at, 400 - 100 * column)));
    expect(pageMarkdown(table)).toBe(
      ["| الاسم | العدد | السعر |", "| --- | --- | --- |", "| حبل | 12 | 3.50 |", "| مرساة | 7 | 240.00 |"].join("\n"),
    );
  });

  describe("of right-to-left text", () => {
    const RTL = "שלום עולם זה טקסט ארוך מאוד כדי למלא את השורה";
    const page = (...more: Line[]): string[] => {
      const hebrew = Array.from({ length: 8 }, (_, at) => line(RTL, at, { left: at === 7 ? 180 : 80, right: 320 }));
      return pageMarkdown([...hebrew, ...more])
        .split("\n\n")
        .slice(1);
    };

    it("has code as it is set in", () => {
      const code = ["def light(hour):", "if hour > 18:", "return True"].map((text, at) =>
        line(text, 10 + at, { mono: true, left: 50 + 20 * at }),
      );
      expect(page(...code)).toEqual(["```\ndef light(hour):\n    if hour > 18:\n        return True\n```"]);
    });

    it("has last lines of its paragraphs that are mostly left-to-right", () => {
      const [full, last] = [line(RTL, 20, { left: 80, right: 320 }), "Linux Kernel שלום"];
      expect(page(full, line(last, 21, { left: 235, right: 320 }))).toEqual([`${RTL} ${last}`]);
    });

    it("has left-to-right paragraphs", () => {
      expect(page(...prose(10))).toEqual([PROSE.join(" ")]);
    });

    it("has left-to-right paragraphs beside its own", () => {
      const beside = PROSE.concat(PROSE).map((text, at) => line(text, at, { left: 400 }));
      const [first = "", second = ""] = PROSE;
      expect(page(...beside)).toEqual([`${first} ${second}`, `${first} ${second}`]);
    });

    it("has left-to-right tables and lists", () => {
      const rows = [
        ["Harbour", "Boats", "Crew"],
        ["Aalen", "12", "48"],
        ["Bergvik", "7", "21"],
      ];
      const table = rows.flatMap((row, at) =>
        row.map((text, column) => line(text, 10 + at, { left: 50 + 100 * column })),
      );
      expect(page(...table)).toEqual([
        "| Harbour | Boats | Crew |\n| --- | --- | --- |\n| Aalen | 12 | 48 |\n| Bergvik | 7 | 21 |",
      ]);
      const numbers = [1, 2, 3].flatMap((at) =>
        [1, 2, 3].map((column) => line(`${at}${column}`, 8 + at, { left: 50 + 100 * column })),
      );
      expect(page(...numbers.slice(0, 3).toReversed())).toEqual(["13\t12\t11"]);
      expect(page(...numbers)).toEqual(["| 11 | 12 | 13 |\n| --- | --- | --- |\n| 21 | 22 | 23 |\n| 31 | 32 | 33 |"]);
      const list = [
        "• Wind the clockwork of the lamp until it will turn no further and the bell has rung",
        "twice",
        "• Sleep",
      ];
      expect(page(...list.map((text, at) => line(text, 10 + at, { left: at === 1 ? 60 : 50 })))).toEqual([
        "- Wind the clockwork of the lamp until it will turn no further and the bell has rung twice\n- Sleep",
      ]);
    });
  });

  it("has code as it is set in", () => {
    const code = [line("def light(hour):", 3, { mono: true }), line("return hour > 18", 4, { mono: true, left: 70 })];
    expect(pageMarkdown([...prose(0), ...code])).toContain("```\ndef light(hour):\n    return hour > 18\n```");
  });

  it("has the pieces of a line of code as far apart as they are set", () => {
    // A letter takes 5 points, but its ink is narrower.
    const code = ["if it:", "    go()", `${"x = 1".padEnd(40)}# end`].map((text, at) =>
      text.split(/(?<=\S) {2,}(?=\S)/).map((part, index, all) => {
        const column = index === 0 ? text.search(/\S/) : text.lastIndexOf(all[1]!);
        const left = 50.5 + 5 * column;
        return line(part.trim(), 3 + at, { mono: true, left, right: left + 5 * part.trim().length - 1 });
      }),
    );
    expect(pageMarkdown([...prose(0), ...code.flat()])).toContain(`\n    go()\n${"x = 1".padEnd(40)}# end\n`);
  });

  it("has footnotes behind the paragraph with their mark", () => {
    const raised = line("1", 1, { size: 6, left: 435, baseline: 792 });
    const page = [line(PROSE[0] ?? "", 0), line(PROSE[1] ?? "", 1), { ...raised, left: line(PROSE[1] ?? "", 1).right }];
    const note = line("1 Hours are counted by the sun.", 60, { size: 7 });
    expect(pageMarkdown([...page, ...prose(5), note]).split("\n\n")).toEqual([
      `${PROSE.join(" ")}[^1]`,
      "[^1]: Hours are counted by the sun.",
      PROSE.join(" "),
    ]);
  });

  it("has footnotes whose marks are raised before their text", () => {
    const text = line(`${PROSE[0]}1`, 0);
    const note = line(" Hours are counted by the sun.", 60, { size: 8, left: 56, right: 200 });
    const mark = line("1", 60, { size: 5, left: 50, right: 53, baseline: note.baseline + 3 });
    expect(pageMarkdown([text, line(PROSE[1] ?? "", 1), ...prose(5), mark, note]).split("\n\n")[1]).toBe(
      "[^1]: Hours are counted by the sun.",
    );
  });

  it("takes a justified line in a narrow column for no row of cells", () => {
    const wide = { left: 50, right: 250, even: true };
    const page = [
      line("The lamp is lit at dusk and is watched un-", 0, { right: 250 }),
      line("content\tof the\tfield\tis", 1, wide),
      line("til dawn, whatever the weather may be on", 2, { right: 250 }),
    ];
    expect(pageMarkdown(page)).not.toMatch(/[|\t]/);
    expect(pageMarkdown(page)).toContain("content of the field is");
  });

  describe("with a table of Thai", () => {
    const [word, other] = ["\u0e01\u0e32\u0e23\u0e14", "\u0e19\u0e49\u0e33\u0e1b\u0e25\u0e32"];
    const wide = { left: 200, right: 290 };
    const page = (leading: number): Line[] => [
      line(word, 0),
      line(other, 0, wide),
      line(word, 3),
      line(other.repeat(3), 3, wide),
      line(word, 3 + leading, { left: 200, right: 220 }),
      line(word, 6 + leading),
      line(other.repeat(3), 6 + leading, wide),
      line(word, 6 + 2 * leading, { left: 200, right: 220 }),
    ];
    const whole = `| ${word} | ${other.repeat(3)}${word} |`;

    it("joins the lines of a cell without a blank if the first word of the second line had no room", () => {
      const table = [`| ${word} | ${other} |`, "| --- | --- |", whole, whole].join("\n");
      expect(pageMarkdown(page(1))).toBe(table);
      const short = page(1).map((one, index) => (index === 3 ? { ...one, right: 269 } : one));
      expect(pageMarkdown(short)).toContain(`| ${word} | ${other.repeat(3)} ${word} |`);
    });

    it("keeps the items of a list in a cell apart if the column is wider than the longest item", () => {
      const items = (left: number, right: number): Line[] =>
        page(1).map((one) => (one.left === 200 ? { ...one, left, right: Math.min(one.right, right) } : one));
      const list = `| ${word} | ${other.repeat(3)} ${word} |`;
      expect(pageMarkdown(items(200, 250))).toContain(list);
      const upright = (x: number) => [45, 195, x].map((at) => ({ x: at, bottom: 700, top: 820 }));
      expect(pageMarkdown(page(1), { rules: { across: [], upright: upright(320) } })).toContain(list);
      expect(pageMarkdown(page(1), { rules: { across: [], upright: upright(295) } })).toContain(whole);
    });

    it("keeps the last line of the last row, far below the line before it, above the drawn line that ends the row", () => {
      const rules = { across: [2, 6, 9.5].map((at) => ({ left: 45, right: 295, y: 800 - 12 * at })), upright: [] };
      expect(pageMarkdown(page(1.5), { rules }).split("\n").slice(-2)).toEqual([whole, whole]);
      const open = { ...rules, across: rules.across.slice(0, 2) };
      expect(pageMarkdown(page(1.5), { rules: open }).split("\n").at(-1)).toBe(word);
      const last = (at: number, right: number) => [...open.across, { left: 45, right, y: 800 - 12 * at }];
      for (const across of [last(13, 295), last(9.5, 400)])
        expect(
          pageMarkdown(page(1.5), { rules: { ...rules, across } })
            .split("\n")
            .at(-1),
        ).toBe(word);
    });
  });

  it("keeps cells narrower than half a point in the column of the cells above and below them", () => {
    const numbers = ["1", "27", "1", "1", "14"];
    const page = numbers.flatMap((number, at) => [
      line("alpha", at),
      line(number, at, { left: number === "1" ? 209.8 : 210, right: number === "1" ? 210.1 : 220 }),
    ]);
    const rows = pageMarkdown(page).split("\n");
    expect([rows[0], ...rows.slice(2)]).toEqual(numbers.map((number) => `| alpha | ${number} |`));
  });

  it("escapes what only looks like Markdown", () => {
    expect(pageMarkdown([line("# 12 of the list", 0)])).toBe("\\# 12 of the list");
  });

  it("loses no word, whatever stands where", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{3,8}$/), { minLength: 1, maxLength: 9 });
    const anyLine = fc.record({
      text: words.map((some) => some.join(" ")),
      left: fc.integer({ min: 0, max: 400 }),
      baseline: fc.integer({ min: 0, max: 60 }).map((at) => at * 6),
      size: fc.constantFrom(0, 6, 10, 10, 10, 20),
      bold: fc.boolean(),
      mono: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 25 }), (lines) => {
        const page = lines.map((one) => ({ ...one, right: one.left + one.text.length * 5 }));
        const sorted = (text: string): string[] => (text.match(/[a-z]{3,}/g) ?? []).toSorted();
        expect(sorted(pageMarkdown(page))).toEqual(sorted(lines.map(({ text }) => text).join(" ")));
      }),
      { numRuns: 300 },
    );
  });
});
