import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { pageList, seconds, size, tryOf, wholeSize, wordsFor } from "./words.ts";

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

  it("says which try it is", () => {
    expect(tryOf(2, 3)).toBe("second try of three");
    expect(tryOf(2)).toBe("second try");
    expect(tryOf(7, 9)).toBe("7th try of 9");
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
