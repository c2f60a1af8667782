import { describe, expect, it } from "vitest";
import type { Report } from "../child/messages.ts";
import type { ExtractLimits } from "../port/extract.ts";
import {
  addRecognised,
  addReport,
  beginReading,
  combine,
  outcomeOf,
  worthAnotherEngine,
  type End,
  type Reading,
} from "./reading.ts";

const LIMITS: ExtractLimits = { stallMs: 1, timeoutMs: 1, memoryBytes: 1, maxPages: 10, maxTextBytes: 20 };
const page = (number: number, text: string, scan = false): Report => ({ type: "page", page: number, text, scan });
function reading(...reports: Array<Report | End>): Reading {
  const begun = beginReading("pdfium");
  for (const report of reports) addReport(begun, report, LIMITS);
  return begun;
}
const opened = (pages: number): Report => ({ type: "opened", pages });
const outcome = (...reports: Array<Report | End>) => outcomeOf(reading(...reports), false);

describe("what a reading comes to", () => {
  it("is a text with every page in its place; an empty page that shows nothing is not missing", () => {
    expect(outcome(opened(3), page(1, "one"), page(2, ""), page(3, "three"), { type: "done" })).toEqual({
      kind: "text",
      pages: ["one", "", "three"],
      missing: [],
      ocr: [],
      truncated: false,
      engine: "pdfium",
    });
  });

  it("names scans, also those with a stamp on them, and pages that could not be read", () => {
    expect(
      outcome(
        opened(4),
        page(1, "one"),
        page(2, "", true),
        page(3, "3", true),
        { type: "lost", page: 4 },
        { type: "done" },
      ),
    ).toMatchObject({
      pages: ["one", "", "3", ""],
      missing: [
        { page: 2, reason: "scan" },
        { page: 3, reason: "scan" },
        { page: 4, reason: "error" },
      ],
    });
  });

  it("keeps what is known of a page with unnamed letters, unless OCR has read as much", () => {
    const holed: Report = { type: "page", page: 1, text: "o\ufffde two", scan: false, unnamed: true };
    const begun = reading(opened(1), holed, { type: "done" });
    expect(outcomeOf(begun, false)).toMatchObject({
      pages: ["o\ufffde two"],
      missing: [{ page: 1, reason: "unnamed" }],
    });
    addRecognised(begun, 1, "on", LIMITS);
    expect(outcomeOf(begun, false)).toMatchObject({ pages: ["o\ufffde two"], ocr: [] });
    addRecognised(begun, 1, "one two", LIMITS);
    expect(outcomeOf(begun, false)).toMatchObject({ pages: ["one two"], missing: [], ocr: [1] });
  });

  it("names a page that is damaged and keeps what could be read of it", () => {
    const damaged: Report = { type: "page", page: 1, text: "one", scan: false, damaged: true };
    expect(outcome(opened(1), damaged, { type: "done" })).toMatchObject({
      pages: ["one"],
      missing: [{ page: 1, reason: "error" }],
    });
  });

  it.each<[End, "error" | "limit"]>([
    ["time", "error"],
    ["memory", "error"],
    ["crash", "error"],
  ])("keeps what was read before %s; the page it ended on is to blame, the rest was not reached", (end, reason) => {
    expect(outcome(opened(4), page(1, "one"), end)).toMatchObject({
      kind: "text",
      missing: [
        { page: 2, reason },
        { page: 3, reason: "limit" },
        { page: 4, reason: "limit" },
      ],
    });
  });

  it("is cut at the output cap, with a mark", () => {
    expect(outcome(opened(3), page(1, "x".repeat(15)), page(2, "y".repeat(15)))).toMatchObject({
      kind: "text",
      truncated: true,
      pages: ["x".repeat(15), "y".repeat(5), ""],
      missing: [{ page: 3, reason: "limit" }],
    });
  });

  it("cuts between characters, not within one", () => {
    expect(outcome(opened(1), page(1, "ü".repeat(30)))).toMatchObject({ pages: ["ü".repeat(10)], truncated: true });
    expect(outcome(opened(1), page(1, `a${"😀".repeat(30)}`))).toMatchObject({ pages: [`a${"😀".repeat(4)}`] });
  });

  const failed = (code: string, permanent: boolean, reason?: string) => ({
    kind: "failed",
    code,
    permanent,
    ...(reason ? { reason } : {}),
  });
  it.each<[string, Array<Report | End>, object]>([
    ["no PDF", [{ type: "failed", kind: "invalid" }], failed("PDF_INVALID", true)],
    ["no pages", [opened(0)], failed("PDF_INVALID", true)],
    ["every page broken", [opened(1), { type: "lost", page: 1 }, { type: "done" }], failed("PDF_INVALID", true)],
    ["a crash at once", ["crash"], failed("PDF_INVALID", true)],
    ["scans only", [opened(1), page(1, "", true), { type: "done" }], failed("PDF_NO_TEXT", true)],
    ["blank pages only", [opened(1), page(1, ""), { type: "done" }], failed("PDF_NO_TEXT", true)],
    ["too many pages", [opened(11)], failed("PDF_LIMIT_EXCEEDED", true, "pages")],
    ["no time", [opened(1), "time"], failed("PDF_LIMIT_EXCEEDED", false, "time")],
    ["no memory", ["memory"], failed("PDF_LIMIT_EXCEEDED", false, "memory")],
    ["a password needed", [{ type: "failed", kind: "encrypted" }], failed("PDF_ENCRYPTED", true)],
  ])("says what %s is", (_what, reports, expected) => {
    expect(outcome(...reports)).toEqual(expected);
  });

  it("says that the password was wrong when there was one", () => {
    const state = reading({ type: "failed", kind: "encrypted" });
    expect(outcomeOf(state, true)).toEqual(failed("PDF_ENCRYPTED", true, "password"));
  });

  it("takes in nothing more once it has ended", () => {
    expect(outcome(opened(2), page(1, "one"), "time", page(2, "two"))).toMatchObject({ pages: ["one", ""] });
  });
});

describe("another engine", () => {
  it("is worth it for what this one could not read, never after the time was up", () => {
    expect(worthAnotherEngine(reading({ type: "failed", kind: "invalid" }))).toBe(true);
    expect(worthAnotherEngine(reading("crash"))).toBe(true);
    expect(worthAnotherEngine(reading(opened(1), page(1, "", true), { type: "done" }))).toBe(true);
    expect(worthAnotherEngine(reading(opened(2), page(1, "one"), { type: "lost", page: 2 }, { type: "done" }))).toBe(
      true,
    );
    expect(worthAnotherEngine(reading(opened(1), page(1, "one"), { type: "done" }))).toBe(false);
    for (const end of ["time", "memory", "pages", "encrypted"] as const)
      expect(worthAnotherEngine(reading(opened(1), end))).toBe(false);
  });

  it("adds the pages that only it could read", () => {
    const first = reading(opened(3), page(1, "one"), { type: "lost", page: 2 }, page(3, "", true), { type: "done" });
    const second = reading(opened(3), page(1, "uno"), page(2, "two"), page(3, ""), { type: "done" });
    expect(outcomeOf(combine(first, second, LIMITS), false)).toMatchObject({
      pages: ["one", "two", ""],
      missing: [{ page: 3, reason: "scan" }],
    });
    const crashed = reading(opened(3), page(1, "one"), "crash");
    const slow = reading(opened(3), page(1, "uno"), page(2, "two"), "time");
    expect(outcomeOf(combine(crashed, slow, LIMITS), false)).toMatchObject({
      pages: ["one", "two", ""],
      missing: [{ page: 3, reason: "error" }],
    });
  });

  it("is held to the same cap", () => {
    const first = reading(opened(2), page(1, "x".repeat(15)), { type: "lost", page: 2 }, { type: "done" });
    const second = reading(opened(2), { type: "lost", page: 1 }, page(2, "y".repeat(15)), { type: "done" });
    expect(outcomeOf(combine(first, second, LIMITS), false)).toMatchObject({
      pages: ["x".repeat(15), "y".repeat(5)],
      truncated: true,
    });
  });

  it.each<[string, Reading, Reading, "first" | "second"]>([
    ["ran out of time", reading({ type: "failed", kind: "invalid" }), reading("time"), "first"],
    [
      "wants a password",
      reading({ type: "failed", kind: "invalid" }),
      reading({ type: "failed", kind: "encrypted" }),
      "second",
    ],
    [
      "got through where the first crashed",
      reading("crash"),
      reading(opened(1), page(1, ""), { type: "done" }),
      "second",
    ],
    [
      "crashed where the first got through",
      reading(opened(1), page(1, ""), { type: "done" }),
      reading("crash"),
      "first",
    ],
  ])("without any text is believed or not: it %s", (_what, first, second, believed) => {
    expect(combine(first, second, LIMITS)).toBe(believed === "first" ? first : second);
  });
});
