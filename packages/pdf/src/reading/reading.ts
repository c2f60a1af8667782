import type { Report } from "../child/messages.ts";
import { cutText } from "../text/cut-text.ts";
import { attachmentLine } from "./attached.ts";
import { FIGURE_MARK_BYTES } from "./figure-blocks.ts";
import type { ExtractLimits, ExtractOutcome, Missing } from "../port/extract.ts";
import type { Interruption } from "../children/run-job.ts";
import type { EngineName } from "../engines/page-engine.ts";

/** The most names of attached files that a reading keeps. */
const MAX_ATTACHMENTS = 100;

/** What one PDF engine has read of a file so far. A reading changes while the file is read. */
export interface Reading {
  readonly engine: EngineName | "http";
  /** How many pages the file has; undefined until it was opened. */
  total: number | undefined;
  readonly texts: Map<number, string>;
  /** Pages that the PDF engine could not read. */
  readonly lost: Set<number>;
  /** Pages with almost no text that show something which may be text. */
  readonly scans: Set<number>;
  /**
   * Pages that should be read by OCR, because many of their letters are unnamed (the font does not state which letters
   * they are).
   */
  readonly unnamed: Set<number>;
  /** Pages with figures: pictures and drawings whose words may be read by OCR. */
  readonly figures: Set<number>;
  /** The texts of each page's figures. */
  readonly figureTexts: Map<number, readonly string[]>;
  /** Pages of which only a part could be read. */
  readonly damaged: Set<number>;
  readonly attachments: Set<string>;
  readonly ocr: Set<number>;
  /** The length of all texts in bytes, as UTF-8. */
  bytes: number;
  /** Why the reading has ended; undefined while it goes on. */
  end: End | undefined;
}
export type End = "done" | "invalid" | "encrypted" | "pages" | "output" | Interruption;

export function beginReading(engine: Reading["engine"]): Reading {
  return {
    engine,
    total: undefined,
    texts: new Map(),
    lost: new Set(),
    scans: new Set(),
    unnamed: new Set(),
    figures: new Set(),
    figureTexts: new Map(),
    damaged: new Set(),
    attachments: new Set(),
    ocr: new Set(),
    bytes: 0,
    end: undefined,
  };
}

/** Adds a report of a child, or the reason why the child was interrupted. Ignored once the reading has ended. */
export function addReport(reading: Reading, report: Report | End, limits: ExtractLimits): void {
  if (reading.end) return;
  if (typeof report === "string") {
    reading.end = report;
    return;
  }
  switch (report.type) {
    case "opened":
      addAttachments(reading, report.attachments);
      if (report.pages > 0) reading.total = report.pages;
      else reading.end = "invalid";
      if (report.pages > limits.maxPages) reading.end = "pages";
      return;
    case "page":
      addText(reading, report.page, report.text, limits);
      if (report.scan) reading.scans.add(report.page);
      if (report.unnamed) reading.unnamed.add(report.page);
      if (report.figures) reading.figures.add(report.page);
      addAttachments(reading, report.attachments);
      if (report.damaged) reading.damaged.add(report.page);
      return;
    case "lost":
      reading.lost.add(report.page);
      return;
    case "failed":
      reading.end = report.kind;
      return;
    case "done":
      reading.end = "done";
      return;
    case "ready":
    case "embedded":
    case "picture":
  }
}

function addAttachments(reading: Reading, names: readonly string[] = []): void {
  for (const name of names) if (reading.attachments.size < MAX_ATTACHMENTS) reading.attachments.add(name);
}

/**
 * Keeps a page's text, cut so that all texts of the file together have at most `maxTextBytes`. If nothing of the text
 * is left, the page counts as missing.
 */
function addText(reading: Reading, page: number, found: string, limits: ExtractLimits): void {
  const before = reading.bytes - Buffer.byteLength(reading.texts.get(page) ?? "");
  const text = cutText(found, limits.maxTextBytes - before);
  const cut = text.length < found.length;
  if (cut) reading.end = "output";
  if (cut && text === "") return;
  reading.texts.set(page, text);
  reading.bytes = before + Buffer.byteLength(text);
}

/** The pages that OCR should read, in order. */
export function scansOf(reading: Reading): number[] {
  return [...reading.scans, ...reading.unnamed].sort((a, b) => a - b);
}

/** The pages whose figures OCR should read, in order: none of the scanned pages, which are read as a whole. */
export function pagesWithFigures(reading: Reading): number[] {
  return [...reading.figures].sort((a, b) => a - b);
}

/**
 * Keeps the texts of a page's figures. The last of them is cut, and further ones are left out, if all texts of the file
 * would have more than `maxTextBytes`.
 */
export function addFigures(reading: Reading, page: number, texts: readonly string[], limits: ExtractLimits): void {
  const kept: string[] = [];
  for (const found of texts) {
    const text = cutText(found, limits.maxTextBytes - reading.bytes - FIGURE_MARK_BYTES);
    if (text.length < found.length) reading.end = "output";
    if (text === "") break;
    kept.push(text);
    reading.bytes += FIGURE_MARK_BYTES + Buffer.byteLength(text);
  }
  if (kept.length === 0) return;
  reading.figureTexts.set(page, kept);
  reading.ocr.add(page);
}

/** On a page with unnamed letters, OCR's text is used if it has more than this part of the known text's length. */
const SAME = 0.7;

/**
 * Replaces a page's text by OCR's text if OCR's text is longer (on a page with unnamed letters: if it is not much
 * shorter).
 */
export function addRecognised(reading: Reading, page: number, text: string, limits: ExtractLimits): void {
  const known = reading.texts.get(page)?.length ?? 0;
  // On a page with unnamed letters, some known characters are not letters, so OCR's text may be a little shorter.
  if (text.length <= (reading.unnamed.has(page) ? known * SAME : known)) return;
  mendPage(reading, page, text, limits);
  reading.ocr.add(page);
}

/** Replaces a page's text. The page is then no longer lost, damaged, unnamed or a scan. */
function mendPage(reading: Reading, page: number, text: string, limits: ExtractLimits): void {
  reading.lost.delete(page);
  reading.scans.delete(page);
  reading.unnamed.delete(page);
  reading.damaged.delete(page);
  addText(reading, page, text, limits);
}

/**
 * Whether another PDF engine may read more of the file. False if the file took too much time or memory, or has too many
 * pages or too much text.
 */
export function worthAnotherEngine(reading: Reading): boolean {
  if (reading.end === "invalid" || reading.end === "crash") return true;
  return reading.end === "done" && (reading.lost.size > 0 || (!hasSomething(reading) && reading.unnamed.size === 0));
}

/**
 * Whether the file has text or attachments. (A portfolio is a PDF whose own page has no text: it only holds attached
 * files.)
 */
function hasSomething(reading: Reading): boolean {
  return hasText(reading) || reading.attachments.size > 0;
}

function hasText(reading: Reading): boolean {
  return reading.figureTexts.size > 0 || [...reading.texts.values()].some((text) => text !== "");
}

/**
 * Combines what two PDF engines have read. Usually returns `first`, completed by pages that only the second engine
 * could read.
 */
export function combine(first: Reading, second: Reading, limits: ExtractLimits): Reading {
  if (first.end === "invalid" && second.end === "encrypted") return second;
  // The second engine got no core in its time; otherwise it might have read the file. So the result is `busy`, which
  // says nothing about the file.
  if (second.end === "busy" && !hasText(first)) return second;
  if (!hasSomething(first) && !hasText(second)) {
    // If the second PDF engine has read every page, its outcome says more about the file than that of the first.
    const through = second.end === "done" && second.lost.size === 0;
    return through && (first.end === "crash" || first.lost.size > 0) ? second : first;
  }
  if (first.total !== second.total) return countText(second) > countText(first) ? second : first;
  for (const [page, text] of second.texts)
    // Letters that are unnamed for the first engine are unnamed for the second, too. So the second engine's text of
    // such a page is not used.
    if (text !== "" && !first.texts.get(page) && !first.unnamed.has(page)) mendPage(first, page, text, limits);
  return first;
}

function countText(reading: Reading): number {
  return [...reading.texts.values()].filter((text) => text !== "").length;
}

/** The outcome of a reading that has ended. `password`: whether a password was given. */
export function outcomeOf(reading: Reading, password: boolean): ExtractOutcome {
  return failureOf(reading, password) ?? textOf(reading);
}

function failureOf(reading: Reading, password: boolean): ExtractOutcome | undefined {
  const permanent = { kind: "failed", permanent: true } as const;
  switch (reading.end) {
    case "encrypted":
      return { ...permanent, code: "PDF_ENCRYPTED", ...(password ? { reason: "password" } : {}) };
    case "pages":
      return { ...permanent, code: "PDF_LIMIT_EXCEEDED", reason: "pages" };
    case "busy":
      // The pages that were read so far are not returned, because they would be stored and used as if they were the
      // whole text.
      return { kind: "failed", code: "BUSY", reason: "time", permanent: false };
    default:
  }
  if (hasText(reading) || (reading.end === "done" && hasSomething(reading))) return undefined;
  switch (reading.end) {
    case "time":
    case "memory":
      return { kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason: reading.end, permanent: false };
    case "output":
      return { ...permanent, code: "PDF_LIMIT_EXCEEDED", reason: "output" };
    default: {
      const blank = reading.end === "done" && reading.total !== undefined && reading.lost.size !== reading.total;
      return { ...permanent, code: blank ? "PDF_NO_TEXT" : "PDF_INVALID" };
    }
  }
}

function textOf(reading: Reading): ExtractOutcome {
  const numbers = Array.from({ length: reading.total ?? 0 }, (_, index) => index + 1);
  const pages = numbers.map((page) => reading.texts.get(page) ?? "");
  const attachments = [...reading.attachments];
  // The page of a portfolio (a PDF that only holds attached files) has no text. Its text becomes the list of the
  // attached files.
  if (!hasText(reading)) pages[0] = attachments.map(attachmentLine).join("\n");
  return {
    kind: "text",
    pages,
    ...(attachments.length > 0 && { attachments }),
    missing: numbers.flatMap((page) => missingOf(reading, page)),
    ocr: [...reading.ocr].sort((a, b) => a - b),
    truncated: reading.end === "output",
    engine: reading.engine,
  };
}

function missingOf(reading: Reading, page: number): Missing[] {
  if (reading.unnamed.has(page)) return [{ page, reason: "unnamed" }];
  if (reading.damaged.has(page)) return [{ page, reason: "error" }];
  if (reading.texts.has(page)) return reading.scans.has(page) ? [{ page, reason: "scan" }] : [];
  const interrupted = reading.end !== "done" && reading.end !== "output" && page === lastPageOf(reading) + 1;
  return [{ page, reason: reading.lost.has(page) || interrupted ? "error" : "limit" }];
}

/** The highest number of a page that was read or lost; 0 if there is none. */
export function lastPageOf(reading: Reading): number {
  return Math.max(0, ...reading.texts.keys(), ...reading.lost);
}
