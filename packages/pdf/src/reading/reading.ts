import type { Report } from "../child/messages.ts";
import { cutText } from "../text/cut-text.ts";
import type { ExtractLimits, ExtractOutcome, Missing } from "../port/extract.ts";
import type { Interruption } from "../children/run-job.ts";
import type { EngineName } from "../engines/page-engine.ts";

/** How far the reading of a file by one engine came; pure. */
export interface Reading {
  readonly engine: EngineName | "http";
  /** Undefined until the file was opened. */
  readonly total: number | undefined;
  readonly texts: ReadonlyMap<number, string>;
  readonly lost: ReadonlySet<number>;
  /** Pages that show something which may be text, and hold next to none. */
  readonly scans: ReadonlySet<number>;
  /** Pages that OCR has read. */
  readonly ocr: ReadonlySet<number>;
  readonly bytes: number;
  readonly end: End | undefined;
}
export type End = "done" | "invalid" | "encrypted" | "pages" | "output" | Interruption;

export function beginReading(engine: Reading["engine"]): Reading {
  return {
    engine,
    total: undefined,
    texts: new Map(),
    lost: new Set(),
    scans: new Set(),
    ocr: new Set(),
    bytes: 0,
    end: undefined,
  };
}

/** Takes in what the child reports. The first end stays. */
export function read(state: Reading, report: Report | End, limits: ExtractLimits): Reading {
  if (state.end) return state;
  if (typeof report === "string") return { ...state, end: report };
  switch (report.type) {
    case "opened":
      if (report.pages > limits.maxPages) return { ...state, total: report.pages, end: "pages" };
      return report.pages > 0 ? { ...state, total: report.pages } : { ...state, end: "invalid" };
    case "page": {
      const text = cutText(report.text, limits.maxTextBytes - state.bytes);
      const cut = text.length < report.text.length;
      if (!cut || text !== "") (state.texts as Map<number, string>).set(report.page, text);
      if (report.scan) (state.scans as Set<number>).add(report.page);
      const bytes = state.bytes + Buffer.byteLength(text);
      return cut ? { ...state, bytes, end: "output" } : { ...state, bytes };
    }
    case "lost":
      (state.lost as Set<number>).add(report.page);
      return state;
    case "failed":
      return { ...state, end: report.kind };
    case "done":
      return { ...state, end: "done" };
    case "ready":
    case "picture":
      return state;
  }
}

/** Pages for OCR, in their order. */
export function scansOf(state: Reading): number[] {
  return [...state.scans].sort((a, b) => a - b);
}

/** Takes in what OCR read on a page. Where that is no more than was known, the page stays missing. */
export function recognised(state: Reading, page: number, text: string, limits: ExtractLimits): Reading {
  if (text.length <= (state.texts.get(page)?.length ?? 0)) return state;
  return { ...withText(state, page, text, limits), ocr: new Set([...state.ocr, page]) };
}

/** With another text for a page, which is then neither lost nor a scan. */
function withText(state: Reading, page: number, found: string, limits: ExtractLimits): Reading {
  const before = state.bytes - Buffer.byteLength(state.texts.get(page) ?? "");
  const text = cutText(found, limits.maxTextBytes - before);
  const without = (pages: ReadonlySet<number>): Set<number> => new Set([...pages].filter((other) => other !== page));
  return {
    ...state,
    texts: new Map([...state.texts, [page, text]]),
    lost: without(state.lost),
    scans: without(state.scans),
    bytes: before + Buffer.byteLength(text),
    ...(text.length < found.length ? { end: "output" as const } : {}),
  };
}

/** Whether another engine may do better: never after the file's own time or pages were used up. */
export function worthAnotherEngine(state: Reading): boolean {
  if (state.end === "invalid" || state.end === "crash") return true;
  return state.end === "done" && (state.lost.size > 0 || !hasText(state));
}

export function hasText(state: Reading): boolean {
  return [...state.texts.values()].some((text) => text !== "");
}

/** What two engines come to together: the first one's pages, and those that only the second could read. */
export function together(first: Reading, second: Reading, limits: ExtractLimits): Reading {
  if (first.end === "invalid" && second.end === "encrypted") return second;
  if (!hasText(first) && !hasText(second)) {
    // One that got through says more about the file than one that did not.
    const through = second.end === "done" && second.lost.size === 0;
    return through && (first.end === "crash" || first.lost.size > 0) ? second : first;
  }
  if (first.total !== second.total) return countText(second) > countText(first) ? second : first;
  const mended = [...second.texts].filter(([page, text]) => text !== "" && !first.texts.get(page));
  return mended.reduce((state, [page, text]) => withText(state, page, text, limits), first);
}

function countText(state: Reading): number {
  return [...state.texts.values()].filter((text) => text !== "").length;
}

/** What a reading comes to. */
export function outcomeOf(state: Reading, password: boolean): ExtractOutcome {
  const failed = (code: "PDF_INVALID" | "PDF_NO_TEXT"): ExtractOutcome => ({ kind: "failed", code, permanent: true });
  if (state.end === "encrypted") {
    return {
      kind: "failed",
      code: "PDF_ENCRYPTED",
      ...(password ? { reason: "password" as const } : {}),
      permanent: true,
    };
  }
  if (state.end === "pages") return { kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason: "pages", permanent: true };
  if (!hasText(state)) {
    if (state.end === "time" || state.end === "memory") {
      return { kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason: state.end, permanent: false };
    }
    if (state.end === "output") {
      return { kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason: "output", permanent: true };
    }
    return failed(
      state.total === undefined || state.lost.size === state.total
        ? "PDF_INVALID"
        : state.end === "done"
          ? "PDF_NO_TEXT"
          : "PDF_INVALID",
    );
  }
  const total = state.total ?? 0;
  const numbers = Array.from({ length: total }, (_, index) => index + 1);
  return {
    kind: "text",
    pages: numbers.map((page) => state.texts.get(page) ?? ""),
    missing: numbers.flatMap((page) => missingOf(state, page)),
    ocr: [...state.ocr].sort((a, b) => a - b),
    truncated: state.end === "output",
    engine: state.engine,
  };
}

function missingOf(state: Reading, page: number): Missing[] {
  const text = state.texts.get(page);
  if (text !== undefined) return state.scans.has(page) ? [{ page, reason: "scan" }] : [];
  const died = state.end !== "done" && state.end !== "output" && page === lastRead(state) + 1;
  return [{ page, reason: state.lost.has(page) || died ? "error" : "limit" }];
}

/** 0 before the first. */
export function lastRead(state: Reading): number {
  return Math.max(0, ...state.texts.keys(), ...state.lost);
}
