import { describe, expect, it } from "vitest";
import type { PageReport, Report } from "../child/messages.ts";
import type { Moment } from "./file-time.ts";
import { createFileRun, type FileRun, type ReadFromEnd } from "./file-run.ts";
import { outcomeOf } from "./reading.ts";

const LIMITS = { stallMs: 1000, timeoutMs: 10_000, memoryBytes: 1, maxPages: 100, maxTextBytes: 10_000 };
const NONE: ReadFromEnd = { firstPage: Infinity, count: 0, pagesAfter: () => [] };
const opened = (pages: number): Report => ({ type: "opened", pages });
const page = (number: number): PageReport => ({ type: "page", page: number, text: `page ${number}`, scan: false });
const done: Report = { type: "done" };
/** A moment of a child that has a core for itself, so that its processor time equals the wall-clock time. */
const at = (ms: number): Moment => ({ wall: ms, cpu: ms });

/** The pages of a backward reader that has read from the page `last` down to the page `first`. */
function fromEnd(first: number, last: number): ReadFromEnd {
  const pages = Array.from({ length: last - first + 1 }, (_, index) => page(first + index));
  return { firstPage: first, count: pages.length, pagesAfter: (after) => pages.filter((one) => one.page > after) };
}

function begun(pages: number): FileRun {
  const run = createFileRun("pdfium", LIMITS);
  expect(run.beginChild("pdfium", 0)).toBe(true);
  expect(run.report(opened(pages), NONE, at(0))).toEqual([]);
  return run;
}

describe("a file on its way", () => {
  it("makes progress by the pages of both children, and is whole when they meet", () => {
    const run = begun(12);
    expect(run.report(page(1), NONE, at(1))).toEqual([
      { type: "progress", page: 1, pages: 12 },
      { type: "read-backwards", pages: 12 },
    ]);
    expect(run.report(page(2), NONE, at(2))).toEqual([{ type: "progress", page: 2, pages: 12 }]);
    expect(run.report(page(3), NONE, at(3))).toEqual([{ type: "progress", page: 3, pages: 12 }]);
    expect(run.report(page(4), fromEnd(7, 12), at(4))).toEqual([{ type: "progress", page: 10, pages: 12 }]);
    const stop = { type: "stop", before: 6 };
    expect(run.meet(fromEnd(6, 12))).toEqual([stop]);
    expect(run.report(page(5), fromEnd(6, 12), at(5))).toEqual([{ type: "progress", page: 12, pages: 12 }, stop]);
    expect(run.report(page(6), fromEnd(6, 12), at(6))).toEqual([stop]);
    expect(run.report(done, fromEnd(6, 12), at(7))).toEqual([{ type: "leave" }]);
    const pages = Array.from({ length: 12 }, (_, index) => `page ${index + 1}`);
    expect(outcomeOf(run.result(), false)).toMatchObject({ kind: "text", pages, missing: [] });
  });

  it("tells a child where to stop as soon as only the page that it reads is between it and the backward reader", () => {
    const run = begun(20);
    run.report(page(1), NONE, at(1));
    expect(run.meet(NONE)).toEqual([]);
    expect(run.meet(fromEnd(4, 20))).toEqual([]);
    expect(run.meet(fromEnd(3, 20))).toEqual([{ type: "stop", before: 3 }]);
    expect(run.report(page(2), fromEnd(4, 20), at(2))).toEqual([
      { type: "progress", page: 19, pages: 20 },
      { type: "stop", before: 4 },
    ]);
  });

  it("asks for no second child where fewer than ten pages are left", () => {
    const run = begun(10);
    for (const number of [1, 2, 3]) expect(run.report(page(number), NONE, at(number))).toHaveLength(1);
  });

  it("keeps no page from the end when a page before them takes too long", () => {
    const run = begun(12);
    run.report(page(1), NONE, at(1));
    expect(run.overdue(at(1001))).toBeUndefined();
    expect(run.overdue(at(1002))).toBe("time");
    expect(run.report("time", fromEnd(3, 12), at(1002))).toEqual([{ type: "leave" }]);
    expect(run.result()).toMatchObject({ end: "time", texts: new Map([[1, "page 1"]]) });
  });

  it("counts the processor time of its children, and ten times as much of the clock", () => {
    const run = begun(3);
    expect(run.overdue({ wall: 10_000, cpu: 1000 })).toBeUndefined();
    expect(run.overdue({ wall: 1001, cpu: 1001 })).toBe("time");
    expect(run.overdue({ wall: 10_001, cpu: 10 })).toBe("busy");
    run.report(page(1), NONE, { wall: 9000, cpu: 900 });
    expect(run.overdue({ wall: 19_000, cpu: 1900 })).toBeUndefined();
    run.report("busy", NONE, { wall: 19_001, cpu: 950 });
    expect(outcomeOf(run.result(), false)).toEqual({ kind: "failed", code: "BUSY", reason: "time", permanent: false });
  });

  it("goes on at the next page after a starved child, with the rest of the page's time", () => {
    const run = begun(3);
    run.report(page(1), NONE, { wall: 1000, cpu: 100 });
    run.report("starved", NONE, { wall: 9000, cpu: 900 });
    expect(run.beginChild("pdfium", 9000)).toBe(false);
    expect(run.result()).toMatchObject({ end: "time" });

    const quicker = begun(3);
    quicker.report(page(1), NONE, { wall: 1000, cpu: 100 });
    quicker.report("starved", NONE, { wall: 8000, cpu: 800 });
    expect(quicker.beginChild("pdfium", 9000)).toBe(true);
    expect(quicker.nextPage).toBe(2);
    expect(quicker.overdue({ wall: 9000, cpu: 600 })).toBeUndefined();
    expect(quicker.overdue({ wall: 9000, cpu: 601 })).toBe("time");
  });

  it("begins anew with another engine, whose progress never goes back", () => {
    const run = begun(2);
    run.report(page(1), NONE, at(1));
    run.report({ type: "lost", page: 2 }, NONE, at(2));
    run.report(done, NONE, at(3));
    expect(run.needsAnotherEngine(4)).toBe(true);
    expect(run.beginChild("pdf-parse", 4)).toBe(true);
    expect(run.nextPage).toBe(1);
    run.report(opened(2), NONE, at(5));
    expect([page(1), page(2)].map((report) => run.report(report, NONE, at(6)))).toEqual([[], []]);
    run.report(done, NONE, at(7));
    expect(run.result()).toMatchObject({
      engine: "pdfium",
      lost: new Set(),
      texts: new Map([
        [1, "page 1"],
        [2, "page 2"],
      ]),
    });
  });

  it("ends as busy when no child was free for the other engine in time", () => {
    const run = begun(1);
    run.report({ type: "failed", kind: "invalid" }, NONE, at(1));
    expect(run.needsAnotherEngine(1)).toBe(true);
    expect(run.beginChild("pdf-parse", 12_501)).toBe(false);
    expect(outcomeOf(run.result(), false)).toMatchObject({ code: "BUSY", permanent: false });
  });

  it("is not refused by an engine that could not begin: what the other one has read is kept", () => {
    const run = begun(2);
    run.report(page(1), NONE, at(1));
    run.report({ type: "lost", page: 2 }, NONE, at(2));
    run.report(done, NONE, at(3));
    run.beginChild("pdf-parse", 4);
    run.report("busy", NONE, { wall: 10_005, cpu: 1 });
    const missing = [{ page: 2, reason: "error" }];
    expect(outcomeOf(run.result(), false)).toMatchObject({ kind: "text", pages: ["page 1", ""], missing });
  });
});
