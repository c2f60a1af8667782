import { describe, expect, it } from "vitest";
import { languagesOfScript } from "./languages.ts";

describe("languagesOfScript", () => {
  const of = (script: string, ...installed: string[]): string | undefined =>
    languagesOfScript(script, new Set(installed));

  it("takes the few languages that are installed, English first", () => {
    expect(of("Latin", "deu", "eng", "osd", "rus", "Cyrillic")).toBe("eng+deu");
    expect(of("Cyrillic", "deu", "eng", "osd", "rus", "ukr")).toBe("rus+ukr");
    expect(of("Hangul", "eng", "kor")).toBe("kor");
  });

  it("takes the model of the script where there are none, many, or English alone", () => {
    expect(of("Cyrillic", "eng", "Cyrillic")).toBe("Cyrillic");
    expect(of("Latin", "eng", "script/Latin")).toBe("script/Latin");
    expect(of("Latin", "eng", "deu", "fra", "ita", "spa", "Latin")).toBe("Latin");
  });

  it("has nothing for a script that nothing installed reads", () => {
    expect(of("Tamil", "eng", "Latin")).toBeUndefined();
    expect(of("Latin", "eng", "osd")).toBe("eng");
    expect(of("Latin", "eng", "deu", "fra", "ita", "spa")).toBe("eng+deu+fra+ita");
  });
});
