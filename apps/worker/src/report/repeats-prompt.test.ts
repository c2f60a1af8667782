import * as fc from "fast-check";
import { expect, it } from "vitest";
import { repeatsPrompt } from "./repeats-prompt.ts";

const body = { message: "Is hunter2 safe?", files: [{ name: "salaries.pdf" }] } as never;
const cyrillic = "Каждый человек имеет право на свободу мысли";
const pages = ["The zebra fish has\nfourteen stripes and no salary.", cyrillic];
const prompt = { message: ["Is hunter2 safe?", "--- salaries.pdf ---", pages] };
const escaped = [...cyrillic].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

it.each([
  "cannot handle input: Is hunter2 safe?",
  "no tool for salaries.pdf",
  'invalid message "ZEBRA fish has fourteen stripes and"',
  String.raw`{"input":"The zebra fish has\nfourteen stripes"}`,
  `bad request: ${escaped}`,
  `bad request: ${encodeURIComponent(cyrillic)}`,
])("%s repeats the prompt", (text) => expect(repeatsPrompt(text, { body }, prompt)).toBe(true));

it.each([
  "This model's maximum context length is 8192 tokens.",
  "Rate limit reached for gpt-4, try in 20s.",
  "100 % of \\u and \\ and %zz",
])("%s does not repeat the prompt", (text) => expect(repeatsPrompt(text, { body }, prompt)).toBe(false));

it("a question of few letters hides no message", () => {
  const short = { message: "model", files: [] } as never;
  expect(repeatsPrompt("This model is busy.", { body: short }, { message: "model" })).toBe(false);
});

it("a part of 30 characters of a page is always found", () => {
  const texts = fc.tuple(fc.string({ minLength: 60, maxLength: 400 }), fc.nat(), fc.string());
  fc.assert(
    fc.property(texts, ([page, at, around]) => {
      const words = page.replaceAll(/\s+/g, "");
      fc.pre(words.length >= 30);
      const from = at % (words.length - 29);
      const said = around + words.slice(from, from + 30) + around;
      expect(repeatsPrompt(said, { body }, { message: [[page]] })).toBe(true);
    }),
  );
});
