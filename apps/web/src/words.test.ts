import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { pageList, seconds, size, wordsFor } from "./words.ts";

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

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1234, "1.2 kB"],
    [1_234_567, "1.2 MB"],
    [250_000_000, "250 MB"],
  ])("says %d bytes as %s", (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });

  it("joins pages into runs", () => {
    expect(pageList([1, 2, 3, 7])).toBe("1–3, 7");
    expect(pageList([1, 3, 5, 7, 9, 11, 13])).toBe("1, 3, 5, 7, 9, 11 …");
    expect(seconds(1540)).toBe("1.5 s");
  });
});
