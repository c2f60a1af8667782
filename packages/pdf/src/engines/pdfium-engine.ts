import { withTurned, type LinesInObjects } from "../drawn/turned.ts";
import { madeUpTrailer } from "../file/made-up-trailer.ts";
import { DocumentError, type OpenDocument, type PageEngine } from "./page-engine.ts";
import { loadPdfium, type Pdfium } from "./pdfium.ts";
import { draw, drawFigures } from "./pdfium-draw.ts";
import { figuresOf } from "../picture/figures.ts";
import { letterBoxes, pictured, rulesOf, shapesOf } from "./pdfium-shapes.ts";
import { EVERYWHERE, readLines, rotationOf, type ReadLines } from "./pdfium-lines.ts";
import { drawnOnly, namedApart, withAnnotations } from "../text/annotated-lines.ts";
import type { Line } from "../text/layout.ts";
import { rotatedBox, type Box, type Rotation } from "../text/rotation.ts";
import { mendLines } from "../text/mend-lines.ts";
import { ESTIMATED, estimatedLines } from "../text/estimated-lines.ts";
import { fromPairsOfBytes } from "../text/utf8.ts";
import { withNames } from "../text/second-names.ts";
import { createForm, takeAnnotations } from "./pdfium-annotations.ts";
import { attachmentsOf, embeddedPdfs, lookAtAnnotations, NO_ANNOTATIONS } from "./pdfium-attachments.ts";
import { createContentStreams, type ContentStreams } from "../file/content-streams.ts";
import { hasUnicodeCodes } from "../file/unicode-codes.ts";
import { createSecondReader, type SecondReader } from "./second-reader.ts";
import { createTagReader } from "../tags/read-tags.ts";
import { isSparse } from "../text/scan.ts";

/** The code that FPDF_GetLastError returns if the password is missing or wrong. */
const ERROR_PASSWORD = 4;
/**
 * If there is more room than this part of the page's height below the last line of text, the page may have lost its
 * end. Then its content streams are examined for damage.
 */
const ROOM_BELOW = 0.22;
/**
 * If this many undamaged pages of a file end at the same height, other pages that end there are not examined for
 * damage.
 */
const WHOLE_PAGES = 8;
/** Matches drawing operators of a PDF's content. After damage, PDFium returns such operators as text. */
const OPERATORS = /(?:^|\s)(?:T[jJdDmfwcz*]|BT|ET|\/F\d+)(?:\s|\(|$)/;

/**
 * The PDF engine PDFium, as WebAssembly: several times as fast as pdf-parse, and more accurate for Chinese, Japanese,
 * Korean and right-to-left text.
 */
export function createPdfiumEngine(): PageEngine {
  let loading: Promise<Pdfium> | undefined;
  let second: Promise<PageEngine> | undefined;
  const loadSecond = (): Promise<PageEngine> => (second ??= loadPdfParse());
  return {
    async open(bytes, password) {
      const pdfium = await (loading ??= loadPdfium());
      return openDocument(pdfium, bytes, { password, second: createSecondReader(loadSecond, bytes, password) });
    },
  };
}

/** Loads pdf-parse when a file first needs it. Hardly any file does. */
async function loadPdfParse(): Promise<PageEngine> {
  return (await import("./pdf-parse-engine.ts")).createPdfParseEngine();
}

function openDocument(
  pdfium: Pdfium,
  bytes: Uint8Array,
  { password = "", second }: { password: string | undefined; second: SecondReader },
): OpenDocument {
  const { call } = pdfium;
  const { data, document } = load(pdfium, bytes, password);
  const form = createForm(pdfium, document);
  const tagsOf = createTagReader(pdfium, document);
  const isUnicode = once(() => hasUnicodeCodes(bytes));
  const isDamaged = damageCheck(pdfium, document, bytes);
  return {
    pages: call.FPDF_GetPageCount(document),
    attachments: attachmentsOf(pdfium, document),
    embedded: (most) => embeddedPdfs(pdfium, document, most),
    async read(number, { styled = false, figures = false } = {}) {
      const plain = withPage(pdfium, document, number, (page) => {
        const annotated = call.FPDFPage_GetAnnotCount(page) > 0;
        const read = readPage(pdfium, page, { cells: annotated || styled, styled, hasUnicodeCodes: isUnicode });
        const { attachments, types } = annotated ? lookAtAnnotations(pdfium, page) : NO_ANNOTATIONS;
        return {
          ...read,
          structure: styled ? { rules: rulesOf(pdfium, page, read.rotation), tags: tagsOf(page, read.rotation) } : {},
          attachments,
          ...(figures && { figures: hasFigures(pdfium, page) }),
          annotations: takeAnnotations({ ...pdfium, rotation: read.rotation }, form, { page, types }),
        };
      });
      const { annotations, attachments, pictured, unnamed, codes } = plain;
      const damaged = plain.endsEarly !== undefined && isDamaged(number, plain.endsEarly);
      const readDrawn = (few: boolean): ReadLines =>
        withPage(pdfium, document, number, (page) =>
          readPage(pdfium, page, { cells: true, styled, few, hasUnicodeCodes: isUnicode }),
        );
      const other = plain.utf8 ? await second.textOf(number) : codes && (await second.textNaming(number, codes));
      if (other !== undefined) {
        const text = plain.utf8 ? fromPairsOfBytes(other) : other;
        const shown = codes && annotations?.flattened ? drawnOnly(plain, readDrawn(true), other) : [];
        const lines = withAnnotated([...estimatedLines(text), ...shown], annotations);
        return { lines, precision: ESTIMATED, pictured, damaged, attachments };
      }
      const { structure, figures: hasFigure } = plain;
      const more = { pictured, unnamed, damaged, attachments, ...structure, figures: hasFigure === true };
      const drawn = annotations?.flattened ? readDrawn(false) : plain;
      const isMarked = plain.guesses.size + drawn.guesses.size > 0;
      const names = isMarked ? ((await second.textOf(number)) ?? "") : "";
      const read = namedApart(plain, drawn, names);
      const found = annotations ? withAnnotations(read.plain, read.drawn, annotations) : plain.lines;
      const mended = mendLines(found, { cells: styled });
      const lines = damaged ? mended.filter(({ text }) => !OPERATORS.test(text)) : mended;
      return { lines: read.guesses.size === 0 ? lines : withNames(lines, read.guesses, names), ...more };
    },
    async draw(number, rotation) {
      return withPage(pdfium, document, number, (page) => draw(pdfium, page, rotation));
    },
    async drawFigures(number) {
      return withPage(pdfium, document, number, (page) => drawnFigures(pdfium, page));
    },
    async close() {
      await second.close();
      form.close();
      call.FPDF_CloseDocument(document);
      call.free(data);
    },
  };
}

/** Returns a function that calls `find` the first time only, and returns the same value each time. */
function once(find: () => boolean): () => boolean {
  let found: boolean | undefined;
  return () => (found ??= find());
}

/**
 * Returns a function that tests whether the content of a page is damaged. `number`: the number of the page. `end`: where
 * its text ends, as `earlyEnd` returns it.
 */
function damageCheck({ call }: Pdfium, document: number, bytes: Uint8Array): (number: number, end: number) => boolean {
  let streams: ContentStreams | undefined;
  const wholeAt = new Map<number, number>();
  return (number, end) => {
    const whole = wholeAt.get(end) ?? 0;
    if (whole >= WHOLE_PAGES) return false;
    streams ??= createContentStreams(bytes);
    const damaged = streams.isDamaged(call.EPDFDoc_GetPageObjectNumberByIndex(document, number - 1));
    if (!damaged && !Number.isNaN(end)) wholeAt.set(end, whole + 1);
    return damaged;
  };
}

/**
 * Returns `lines`, which have no positions on the page, followed by the values and notes of annotations. The values
 * lose their positions, too; a value without letters and digits is left out.
 */
function withAnnotated(lines: readonly Line[], annotations: ReturnType<typeof takeAnnotations>): Line[] {
  const { values = [], notes = [] } = annotations ?? {};
  const written = values.filter(({ text }) => /[\p{L}\p{N}]/u.test(text)).map((line) => ({ ...line, size: 0 }));
  const all = [...lines, ...written];
  return withAnnotations(all, all, { values: [], notes });
}

/**
 * Opens a file. If PDFium cannot open it, tries again with a trailer added, because the file's end may be missing.
 * @throws DocumentError
 */
function load(pdfium: Pdfium, bytes: Uint8Array, password: string): { data: number; document: number } {
  const { call } = pdfium;
  const secret = Buffer.from(`${password}\0`);
  const tryWith = (end: Uint8Array): { data: number; document: number } => {
    const size = bytes.length + end.length;
    const data = pdfium.allocate(size + secret.length);
    pdfium.heap().set(bytes, data);
    pdfium.heap().set(end, data + bytes.length);
    pdfium.heap().set(secret, data + size);
    const document = call.FPDF_LoadMemDocument(data, size, data + size);
    if (document === 0) call.free(data);
    return { data, document };
  };
  const found = tryWith(new Uint8Array(0));
  if (found.document !== 0) return found;
  if (call.FPDF_GetLastError() === ERROR_PASSWORD) throw new DocumentError("encrypted");
  const trailer = madeUpTrailer(bytes);
  const mended = trailer && tryWith(trailer);
  if (!mended || mended.document === 0) throw new DocumentError("invalid");
  return mended;
}

function readPage(
  pdfium: Pdfium,
  page: number,
  how: {
    readonly cells: boolean;
    readonly styled: boolean;
    readonly hasUnicodeCodes: () => boolean;
    readonly few?: boolean;
  },
): ReadLines & { readonly pictured: boolean; readonly endsEarly: number | undefined; readonly rotation: Rotation } {
  const { call } = pdfium;
  const box = boxOf(pdfium, page);
  const shownRotation = call.FPDFPage_GetRotation(page);
  const readIn = (text: number, rotation: Rotation, only?: DirectionTest): ReadLines =>
    readLines(pdfium, { page, text }, { box, rotation, ...how, only });
  const readMost = (text: number, rotation: Rotation): ReadText => {
    const whole = readIn(text, rotation);
    const { directions = [] } = whole.turned ?? {};
    const isUpright: DirectionTest = (one) => one === undefined || !directions.includes(one);
    return { rotation, whole, upright: whole.turned && readIn(text, rotation, isUpright) };
  };
  // PDFium orders lines by their positions on the page as it is shown. So the page is turned until its text is upright,
  // and turned back after reading.
  const withTurnedPage = <T>(rotation: Rotation, use: (text: number) => T): T => {
    call.FPDFPage_SetRotation(page, rotation);
    const found = withText(pdfium, page, use);
    call.FPDFPage_SetRotation(page, shownRotation);
    return found;
  };
  const looked = withText(pdfium, page, (text) => {
    const rotation = rotationOf(pdfium, text);
    return rotation === shownRotation ? readMost(text, rotation) : { rotation };
  });
  const { rotation } = looked;
  const most = "whole" in looked ? looked : withTurnedPage(rotation, (text) => readMost(text, rotation));
  const lines = inDirections(most, (direction) =>
    withTurnedPage(direction, (text) => readIn(text, direction, (one) => one === direction)),
  );
  const { whole } = most;
  const endsEarly = whole.unnamed ? undefined : earlyEnd(whole.lines, rotatedBox(rotation, box));
  return { ...whole, lines, rotation, pictured: isSparse(lines) && pictured(pdfium, page), endsEarly };
}

type DirectionTest = (direction: Rotation | undefined) => boolean;

/** What was read of a page of which most text has the direction `rotation`. */
interface ReadText {
  readonly rotation: Rotation;
  readonly whole: ReadLines;
  /** The page without text in other directions; undefined if there is none. */
  readonly upright: ReadLines | undefined;
}

/** The lines of a page. `read`: reads its text in one direction. */
function inDirections({ rotation, whole, upright }: ReadText, read: (direction: Rotation) => ReadLines): Line[] {
  const { turned, lines } = whole;
  if (!turned || !upright) return lines;
  const inObjects = (direction: Rotation, own: ReadLines): LinesInObjects => ({
    rotation: direction,
    lines: own.lines,
    objects: own.objects ?? [],
  });
  const others = turned.directions.map((direction) => inObjects(direction, read(direction)));
  return withTurned(inObjects(rotation, upright), others, turned.order);
}

function hasFigures(pdfium: Pdfium, page: number): boolean {
  const letters = (): Box[] => withText(pdfium, page, (text) => letterBoxes(pdfium, text));
  return figuresOf(shapesOf(pdfium, page), { visible: boxOf(pdfium, page), letters }).length > 0;
}

function drawnFigures(pdfium: Pdfium, page: number): Uint8Array[] {
  return withText(pdfium, page, (text) => {
    const shown = pdfium.call.FPDFPage_GetRotation(page) as Rotation;
    // Without letters, the page is upright as it is shown.
    const upright = pdfium.call.FPDFText_CountChars(text) > 0 ? rotationOf(pdfium, text) : shown;
    return drawFigures(pdfium, {
      page,
      letters: letterBoxes(pdfium, text),
      visible: boxOf(pdfium, page),
      rotation: quarterTurns(upright - shown),
    });
  });
}

const quarterTurns = (turns: number): Rotation => ((turns + 4) % 4) as Rotation;

function withText<T>({ call }: Pdfium, page: number, use: (text: number) => T): T {
  const text = call.FPDFText_LoadPage(page);
  if (text === 0) throw new Error("the page's text cannot be loaded");
  try {
    return use(text);
  } finally {
    call.FPDFText_ClosePage(text);
  }
}

/**
 * Returns a number if the page may have lost its end: how many points its last line is above the bottom, rounded; or
 * NaN if the page has no text, or its last line consists of drawing operators. Returns undefined if the last line is
 * near the bottom, so that hardly anything can be missing.
 */
function earlyEnd(lines: readonly Line[], { bottom, top }: Box): number | undefined {
  const last = lines.findLast(({ text }) => text.trim() !== "");
  if (last === undefined || OPERATORS.test(last.text)) return Number.NaN;
  const room = last.baseline - bottom;
  return room > ROOM_BELOW * (top - bottom) ? Math.round(room) : undefined;
}

function boxOf({ call, allocate, heap }: Pdfium, page: number): Box {
  const at = allocate(16);
  try {
    if (!call.FPDF_GetPageBoundingBox(page, at)) return EVERYWHERE;
    const bytes = heap();
    const [left = 0, top = 0, right = 0, bottom = 0] = new Float32Array(bytes.buffer, bytes.byteOffset + at, 4);
    return { left, right, bottom, top };
  } finally {
    call.free(at);
  }
}

/**
 * Opens a page and calls `use` with it. Closes the page even after an error: otherwise megabytes of WASM memory would
 * never be freed.
 */
function withPage<T>({ call }: Pdfium, document: number, number: number, use: (page: number) => T): T {
  const page = call.FPDF_LoadPage(document, number - 1);
  if (page === 0) throw new Error("the page cannot be loaded");
  try {
    return use(page);
  } finally {
    call.FPDF_ClosePage(page);
  }
}
