import { buildPrompt, type PromptFile } from "@docrelay/engine";
import { promptText } from "@docrelay/testkit";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPrompt } from "./prompt.ts";

const boundary = "0123456789abcdef";
const file = (name: string, pages: string[], more: Partial<PromptFile> = {}): PromptFile => ({
  name,
  pages,
  missing: [],
  truncated: false,
  ...more,
});
const build = (mode: "plain" | "fenced", message: string, files: PromptFile[]): string =>
  promptText(buildPrompt({ mode, message, files, boundary }));

const name = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }).map((text) => text.replaceAll(/[\r\n]/g, "_")),
  fc.constantFrom("a.pdf", "--- File Content: b", "c ---"),
);
/** Texts of a page with line ends and the marks of a prompt, both of which could confuse a parser of the prompt. */
const page = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("\n", "--- End of File ---", "\n\n--- File Content: x ---\n", "[Pages of this file begin"),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(""));
const missing = fc.array(
  fc.record({ page: fc.integer({ min: 1, max: 9 }), reason: fc.constantFrom("scan", "error", "limit") }),
  { maxLength: 4 },
) as fc.Arbitrary<PromptFile["missing"]>;
const pages = fc.array(page, { minLength: 1, maxLength: 5 });
const anyFile = fc.record({ name, pages, missing, truncated: fc.boolean() });

describe("reading what the worker's engine package builds", () => {
  it("gives a fenced prompt back: question, names, and every page by its number, whatever the texts pretend", () => {
    fc.assert(
      fc.property(page, fc.array(anyFile, { minLength: 1, maxLength: 3 }), (message, files) => {
        expect(readPrompt(build("fenced", message, files))).toEqual({
          question: message.trim(),
          files: files.map((one) => ({ name: one.name, pages: one.pages, numbered: true })),
        });
      }),
    );
  });

  it("gives a plain prompt's files back, without page numbers", () => {
    const prompt = build("plain", " why? ", [file("a.pdf", ["one\ntwo", "three"]), file("b.pdf", [""])]);
    expect(readPrompt(prompt)).toEqual({
      question: "why?",
      files: [
        { name: "a.pdf", pages: ["one\ntwo\nthree"], numbered: false },
        { name: "b.pdf", pages: [""], numbered: false },
      ],
    });
  });

  it("takes the question of a prompt without files as it is", () => {
    expect(readPrompt(build("fenced", "hi", []))).toEqual({ question: "hi", files: [] });
  });
});

describe("reading anything", () => {
  it("never throws", () => {
    const pieces = fc.array(
      fc.constantFrom(
        `Files stand between lines that end with ${boundary} ---; x\n\n`,
        "\n\n--- File Content: ",
        ` ${boundary} ---\n`,
        " ---\n",
        "\n--- End of File ---",
        `\n--- End of File ${boundary} ---`,
        "\n[Pages of this file begin at its lines ",
        "1, 2",
        "3, 1",
        ".]",
        "x\n",
      ),
      { maxLength: 14 },
    );
    fc.assert(fc.property(pieces, (parts) => readPrompt(parts.join("")).files.length >= 0));
  });

  it.each(["2, 3", "1, 1", "1, 99", "1, x", ""])("cites no pages when their note is wrong: %j", (lines) => {
    const good = build("fenced", "q", [file("a.pdf", ["a", "b"])]);
    const bad = good.replace("its lines 1, 2.]", `its lines ${lines}.]`);
    expect(readPrompt(bad).files).toEqual([{ name: "a.pdf", pages: ["a\nb"], numbered: false }]);
  });
});
