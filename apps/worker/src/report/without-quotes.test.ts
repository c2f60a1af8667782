import * as fc from "fast-check";
import { expect, it } from "vitest";
import { withoutQuotes } from "./without-quotes.ts";

const body = { message: "Is hunter2 safe?", files: [{ name: "salaries.pdf" }] } as never;
const pages = ["The zebra fish has\nfourteen stripes and no salary.", "A second page about the weather in Lisbon."];
const prompt = { message: ["Is hunter2 safe?", "--- salaries.pdf ---", pages], history: [] };
const logged = withoutQuotes({ body }, prompt);

it.each([
  "cannot handle input: Is hunter2 safe?",
  "no tool for salaries.pdf",
  'invalid message "zebra fish has fourteen stripes and"',
  "bad content: …page about the   weather in Lis",
])("%s is not logged, because it repeats the prompt", (text) => {
  expect(logged(text)).toBe("(the message repeats a part of the prompt)");
});

it.each(["This model's maximum context length is 8192 tokens.", "Rate limit reached for gpt-4, try in 20s."])(
  "%s is logged as it is",
  (text) => expect(logged(text)).toBe(text),
);

it("a part of 30 characters of a page is never logged", () => {
  const texts = fc.tuple(fc.string({ minLength: 60, maxLength: 400 }), fc.nat(), fc.string());
  fc.assert(
    fc.property(texts, ([page, at, around]) => {
      const squeezed = page.replaceAll(/\s+/g, "");
      fc.pre(squeezed.length >= 30);
      const from = at % (squeezed.length - 29);
      const said = around + squeezed.slice(from, from + 30) + around;
      expect(withoutQuotes({ body }, { message: [[page]], history: [] })(said)).not.toBe(said);
    }),
  );
});
