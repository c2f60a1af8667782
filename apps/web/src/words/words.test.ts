import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { wordsFor } from "./errors.ts";
import * as english from "./en.ts";
import { chooseLanguage, LANGUAGES, type Language, type Tag } from "./language.ts";
import type { Phrase } from "./phrase.ts";
import { duration, pageList, size, wholeSize } from "./numbers.ts";
import { say, speak } from "./say.ts";

const SOURCES = join(import.meta.dirname, "..");
const forms = (phrase: Phrase): string[] => (typeof phrase === "string" ? [phrase] : Object.values(phrase));
const valuesOf = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name))].toSorted();

async function languages(): Promise<Array<readonly [Tag, Language]>> {
  const others = (Object.keys(LANGUAGES) as Tag[]).filter((tag) => tag !== "en");
  const load = async (tag: Tag) => (await import(`../lazy/words-${tag}.ts`)) as Language;
  return [["en", english], ...(await Promise.all(others.map(async (tag) => [tag, await load(tag)] as const)))];
}

describe("the languages", () => {
  afterEach(() => speak("en"));
  it("have every phrase with its values, each plural that the language has, and every error", async () => {
    for (const [tag, { phrases, errors }] of await languages()) {
      expect([tag, Object.keys(phrases).toSorted()]).toEqual([tag, Object.keys(english.phrases).toSorted()]);
      expect([tag, Object.keys(errors).toSorted()]).toEqual([tag, Object.keys(english.errors).toSorted()]);
      const { pluralCategories } = new Intl.PluralRules(tag).resolvedOptions();
      for (const [key, phrase] of Object.entries<Phrase>(phrases)) {
        const wanted = valuesOf(forms(english.phrases[key as keyof typeof phrases]).at(-1) ?? "");
        for (const [plural, text] of Object.entries(typeof phrase === "string" ? { other: phrase } : phrase)) {
          // A form for zero, one or two may have the number as a word instead of `{n}`, as in "one page".
          const inWords = ["zero", "one", "two"].includes(plural) && !text.includes("{n}") ? "n" : "";
          const needed = wanted.filter((name) => name !== inWords);
          expect([tag, key, plural, valuesOf(text)]).toEqual([tag, key, plural, needed]);
        }
        expect([tag, key, ...forms(phrase).filter((text) => text.trim() === "")]).toEqual([tag, key]);
        if (typeof phrase === "string") continue;
        // In Spanish, French and Portuguese the plural form "many" is for millions.
        const needed = pluralCategories.filter((one) => one !== "many" || tag === "ar");
        expect([tag, key, needed.filter((one) => phrase[one] === undefined)]).toEqual([tag, key, []]);
      }
    }
  });

  it("have no phrase that nothing says, and their names begin the files of all", () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && !/words-\w+\.ts$|\ben\.ts$|\.test\.ts$/.test(name),
    );
    const text = [...files.map((name) => join(SOURCES, name)), join(SOURCES, "../index.html")]
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
    const states = new Set(["connecting", "online", "offline", "closed"]); // the relay's states, each used as a key
    const unused = Object.keys(english.phrases).filter(
      (key) => !states.has(key) && !text.includes(`"${key}"`) && !new RegExp(`:${key}[" ]`).test(text),
    );
    expect(unused).toEqual([]);
    const said = [...text.matchAll(/data-say="([^"]+)"/g)].flatMap(([, all = ""]) => all.split(" "));
    expect(said.filter((one) => !Object.hasOwn(english.phrases, one.split(":")[1] ?? ""))).toEqual([]);
    const there = readdirSync(join(SOURCES, "lazy")).flatMap((name) => /^words-(\w+)\.ts$/.exec(name)?.[1] ?? []);
    expect(["en", ...there].toSorted()).toEqual(Object.keys(LANGUAGES).toSorted());
  });

  it("are chosen by the page, then by the browser; numbers and plurals are theirs", async () => {
    expect(chooseLanguage(null, ["xx", "de-AT", "en"])).toBe("de");
    expect(chooseLanguage(null, ["zh-Hant-TW", "en"])).toBe("zh");
    expect(chooseLanguage("en", ["de"])).toBe("en");
    expect(chooseLanguage("no such", [])).toBe("en");
    for (const [tag, words] of await languages()) if (tag === "de") speak(tag, words);
    expect([say("pages", { n: 1 }), say("pages", { n: 1200 }), size(1_234_567)]).toEqual([
      "1 Seite",
      "1.200 Seiten",
      "1,2 MB",
    ]);
    const all = new Map(await languages());
    const counted = (tag: Tag, ...counts: number[]) => {
      speak(tag, all.get(tag));
      return counts.map((n) => say("questions", { n }));
    };
    expect(counted("ar", 0, 1, 2, 3, 11, 100)).toEqual([
      "بلا أسئلة",
      "سؤال واحد",
      "سؤالان",
      "3 أسئلة",
      "11 سؤالًا",
      "100 سؤال",
    ]);
    expect(wholeSize(26_214_400)).toBe("\u206625 MiB\u2069");
    const scanned = (tag: Tag, ...pages: number[]) => {
      speak(tag, all.get(tag));
      return say("ocr", { n: pages.length, list: pageList(pages) });
    };
    expect(scanned("en", 3)).toBe("page 3 was read from a picture and may hold mistakes");
    expect(scanned("en", 3, 4)).toBe("pages 3–4 were read from pictures and may hold mistakes");
    expect(scanned("fr", 3)).toMatch(/^la page 3 a été lue /);
    expect(scanned("ar", 3, 4)).toMatch(/^قُرئت الصفحتان 3–4 /);
    expect(counted("fr", 0, 1, 2)).toEqual(["0 question", "1 question", "2 questions"]);
    expect([size(1_234_567), duration(1540)]).toEqual(["1,2\u202fMo", "1,5\u202fs"]);
    expect([counted("ja", 1200), pageList([1, 2, 3, 7])]).toEqual([["質問1,200件"], "1–3、7"]);
    speak("de", all.get("de"));
    expect(wordsFor({ code: "ENGINE_TIMEOUT", message: "In English." }).what).toBe(
      "Die KI hat nicht rechtzeitig geantwortet.",
    );
    speak("en");
    expect(say("pages", { n: 1200 })).toBe("1,200 pages");
  });
});

describe("words", () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])("has a sentence and an advice for %s, without its code", (code) => {
    const { what, advice } = wordsFor({ code });
    expect(what).toMatch(/\.$/);
    expect(advice).toMatch(/\.$/);
    expect(what + advice).not.toMatch(/[A-Z]{3,}_/);
  });

  it("names the file, and tells a wrong password from a missing one", () => {
    expect(wordsFor({ code: "PDF_ENCRYPTED" }, "a.pdf").what).toBe("a.pdf: This PDF is protected.");
    expect(wordsFor({ code: "PDF_ENCRYPTED", reason: "password" }).what).toBe("That password does not open the PDF.");
    const busy = { code: "ENGINE_UNAVAILABLE", message: "The AI engine is busy. Ask again in a moment." } as const;
    expect(wordsFor(busy)).toEqual({ what: busy.message, advice: "", again: true });
  });

  it("says which limit it was, and offers another try only where it can help", () => {
    const limit = (reason: string) => wordsFor({ code: "PDF_LIMIT_EXCEEDED", reason });
    expect(limit("pages")).toMatchObject({ what: "This PDF has more pages than are allowed.", again: false });
    expect(limit("memory").again).toBe(false);
    expect(limit("time").again).toBe(true);
    expect(wordsFor({ code: "PAYLOAD_TOO_LARGE", reason: "message" }).what).toBe("The question is too long.");
    const tooLong = { code: "ENGINE_BAD_REPLY", message: "The prompt is too long.", retryable: false } as const;
    expect(wordsFor(tooLong)).toEqual({ what: tooLong.message, advice: "", again: false });
    expect(wordsFor({ code: "STORE_UNAVAILABLE" }).what).not.toContain("memory");
  });

  it("says limits as they were set", () => {
    expect(wholeSize(26_214_400)).toBe("25 MiB");
    expect(wholeSize(1_000_000)).toBe("1.0 MB");
  });

  it.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1234, "1.2 kB"],
    [1_234_567, "1.2 MB"],
    [250_000_000, "250 MB"],
  ])("says %d bytes as %s", (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });

  it("joins pages into runs", () => {
    expect(pageList([1, 2, 3, 7])).toBe("1–3, 7");
    expect(pageList([1, 3, 5, 7, 9, 11, 13])).toBe("1, 3, 5, 7, 9, 11 …");
    expect(duration(1540)).toBe("1.5 sec");
  });
});
