import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answer } from "./answer.ts";
import type { ReadFile } from "./prompt.ts";

const file = (name: string, pages: string[], numbered = true): ReadFile => ({ name, pages, numbered });
const ask = (question: string, ...files: ReadFile[]) => answer({ question, files }, () => undefined);
const REPORT = file("report.pdf", [
  "The river rose by three metres. Everybody slept.",
  "Bridges were closed for a week. The mayor spoke of rivers and their bridges.",
  "",
  "Damage: nine million. Nothing else happened here.",
]);

describe("an answer", () => {
  it("quotes the sentences that fit, with their pages, and says that it is a demo", async () => {
    const { text, citations } = await ask("How large was the damage?", REPORT);
    expect(text).toContain("• Damage: nine million. (report.pdf, p. 4)");
    expect(text).not.toContain("Everybody slept");
    expect(text).toContain("demo engine");
    expect(citations).toEqual([{ file: 0, page: 4 }]);
  });

  it("ranks a sentence with more and rarer words higher, and shows the best in the order of the text", async () => {
    const many = file("many.pdf", [
      ...Array.from({ length: 6 }, (_, index) => `The bridge number ${index} is plain stone.`),
      "The bridge of copper fell.",
    ]);
    const { text, citations } = await ask("copper bridge", many);
    expect(citations).toHaveLength(4);
    expect(citations.at(-1)).toEqual({ file: 0, page: 7 });
    expect(text.indexOf("number 0")).toBeLessThan(text.indexOf("copper fell"));
  });

  it("finds other forms of a word", async () => {
    expect((await ask("bridge", REPORT)).citations).toEqual([{ file: 0, page: 2 }]);
  });

  it("tells files apart", async () => {
    const { text, citations } = await ask(
      "cats",
      file("a.pdf", ["Dogs bark loudly."]),
      file("b.pdf", ["x", "Cats purr."]),
    );
    expect(text).toContain("Cats purr. (b.pdf, p. 2)");
    expect(citations).toEqual([{ file: 1, page: 2 }]);
  });

  it("cites no page that the prompt did not tell", async () => {
    const { text, citations } = await ask("damage", file("plain.pdf", ["The damage was small."], false));
    expect(text).toContain("The damage was small. (plain.pdf)");
    expect(citations).toEqual([]);
  });

  it("gives an overview where the question has nothing to look for", async () => {
    const { text } = await ask("what is inside this pdf?", REPORT);
    expect(text).toMatch(/^You sent report\.pdf \(4 pages, \d+ words\)\. It begins like this:\n• The river rose/);
  });

  it("says when nothing fits", async () => {
    expect((await ask("zebra", REPORT)).text).toContain("Nothing in it has the words of your question.");
  });

  it("says what it cannot do without a file, and with one without words", async () => {
    expect((await ask("hello")).text).toContain("Attach a PDF");
    expect((await ask("what?", file("empty.pdf", ["", " "]))).text).toContain("no readable sentence");
  });

  it("splits sentences of languages without blanks", async () => {
    const { text } = await ask("什么", file("zh.pdf", ["今天 天气 很好。我们 去 公园。"]));
    expect(text).toContain("今天 天气 很好。 (zh.pdf, p. 1)");
  });

  it("quotes nothing that is not in the files, and cites existing pages only", async () => {
    const words = fc.array(fc.constantFrom("river", "bridge.", "copper", "sky!", "\n", "stone"), { maxLength: 30 });
    const pages = fc.array(
      words.map((list) => list.join(" ")),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pages, { minLength: 1, maxLength: 3 }), async (files) => {
        const read = files.map((list, index) => file(`${index}.pdf`, list));
        const { text, citations } = await ask("copper bridge", ...read);
        for (const [, quote, name, page] of text.matchAll(/^• (.*[^…]) \((\d+)\.pdf, p\. (\d+)\)$/gm)) {
          const source = files[Number(name)]?.[Number(page) - 1]?.replaceAll(/\s+/g, " ");
          if (!quote?.endsWith("…")) expect(source).toContain(quote);
        }
        for (const { file: index, page } of citations) expect(files[index]?.[page - 1]).toBeDefined();
      }),
    );
  });
});

describe("answering a text as large as a file may have", () => {
  const large = (sentence: string): ReadFile =>
    file("large.pdf", [sentence.repeat(Math.ceil(8_388_608 / sentence.length))]);

  it.each([
    ["sentences", large("The committee met on a Tuesday and agreed on very little of note. ")],
    ["one endless line", large("word ")],
    ["no words at all", large("--- ")],
  ])("gives others their turn all along: %s", async (_, one) => {
    // Counts the moments at which the engine could serve other connections.
    let pauses = 0;
    const { text } = await answer({ question: "When did the committee meet?", files: [one] }, () => {
      pauses++;
      return undefined;
    });
    expect(text).toContain("demo engine");
    expect(pauses).toBeGreaterThan(1000);
  });
});
