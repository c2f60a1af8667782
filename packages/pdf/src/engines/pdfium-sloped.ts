import type { Line } from "../text/layout.ts";
import { BLANK_EM, extentOf, inReadingOrder, wordsApart, type PlacedSign } from "../text/right-to-left.ts";
import {
  areStacked,
  byDrawnRun,
  bySlopedLine,
  commonBaseline,
  inDrawnOrder,
  isDrawnOver,
  slopedRows,
  usualDirection,
  type DrawnRun,
  type LinePart,
  type OrderedRun,
  type PageSign,
} from "../text/sloped-lines.ts";
import type { Drawing } from "./actual-text.ts";
import { inRow, styleOfLine } from "./pdfium-blanks.ts";
import { signsOf, type Letters } from "./pdfium-letters.ts";

/** In place of the place of a character in the order of drawing, if it is unknown. */
const UNKNOWN = -1;
/** Matches what PDFium returns between two words: a blank, which may be before or after the marks of a letter. */
const BLANK_BETWEEN = /^\p{M}* \p{M}*$/u;

interface PageText {
  readonly raw: string;
  readonly letters: Letters;
  readonly cells: boolean;
  readonly styled: boolean;
  readonly mostlyRtl: boolean;
  readonly drawing: () => Drawing;
}

/** Parts of a page's text that belong together. `lines`: the lines in them; left out if each part is a line. */
export interface PartGroup {
  readonly parts: readonly LinePart[];
  readonly lines?: readonly Line[] | undefined;
}

/** Finds the sloped lines of a page (see sloped-lines.ts). Returns all parts of the page, in groups. */
export function slopedGroups(page: PageText, parts: readonly LinePart[]): PartGroup[] {
  const beside = bySlopedLine(parts);
  if (beside.length === parts.length) return parts.map((part) => ({ parts: [part] }));
  const groups = drawnGroups(page, parts);
  const found = new Set(groups.flatMap((group) => group.parts));
  for (const group of beside) {
    const others = group.filter((part) => !found.has(part));
    const again = others.length === group.length ? [group] : bySlopedLine(others);
    groups.push(...again.map((each) => ({ parts: each, lines: joined(page, each) })));
  }
  return groups.sort((one, other) => one.parts[0]!.start - other.parts[0]!.start);
}

/**
 * The groups of parts whose lines are known from the order of drawing. A blank that PDFium made has no place in this
 * order, so it is left out: in Nastaliq it is rarely real, and elsewhere only lines whose blanks are drawn take part.
 */
function drawnGroups(page: PageText, parts: readonly LinePart[]): PartGroup[] {
  const known: LinePart[] = [];
  const signs: PageSign[] = [];
  let made = 0;
  for (const part of parts) {
    const own = part.ends ? signsIn(page, [part], known.length) : [];
    if (own.length === 0 || !isOrderKnown(own) || !page.letters.isUpright(own[0]!.index)) continue;
    known.push(part);
    for (const sign of own) {
      if (sign.order !== UNKNOWN) signs.push(sign);
      else made++;
    }
  }
  const drawsBlanks = signs.filter(({ text }) => text === " ").length > made;
  const drawn = byDrawnRun(known, signs, (run) => drawsBlanks && !hasMadeBlank(page, run));
  const usual = usualDirection(drawn.flatMap(({ runs }) => runs));
  return drawn.flatMap((group) => {
    const ordered = group.runs.flatMap((run) => {
      const inOrder = inDrawnOrder(run.signs, run.size, page.drawing().hasBlank, usual);
      return inOrder === undefined ? [] : [{ ...run, ordered: inOrder }];
    });
    if (ordered.length < group.runs.length) return [];
    return [{ parts: group.parts, lines: slopedRows(ordered).flatMap((row) => rowOf(page, row)) }];
  });
}

/** Whether PDFium made a blank between two characters of a run that are drawn one after the other, and apart. */
function hasMadeBlank({ raw, drawing }: PageText, { signs, size }: DrawnRun): boolean {
  return signs.some((sign, at) => {
    const before = signs[at - 1];
    if (!before || Math.max(sign.left - before.right, before.left - sign.right) <= BLANK_EM * size) return false;
    const between = raw.slice(Math.min(sign.index, before.index) + 1, Math.max(sign.index, before.index));
    return BLANK_BETWEEN.test(between) && !drawing().hasBlank(before.order, sign.order);
  });
}

/** The characters of neighbouring parts. `first`: the number of the first part. */
function signsIn({ raw, letters, drawing }: PageText, parts: readonly LinePart[], first = 0): PageSign[] {
  const { orderOf } = drawing();
  return parts.flatMap(({ start, end }, at) =>
    signsOf(letters, { text: raw.slice(start, end), start }).map((sign) => {
      const index = start + sign.index;
      const { baseline = 0, size = 0 } = letters.of(index) ?? {};
      // For the objects inside of a form object (a group that a PDF draws as one), PDFium does not tell the order of
      // drawing. Nor has a blank that PDFium made a place in this order.
      return { ...sign, index, baseline, size, part: first + at, order: orderOf(letters.objectOf(index)) ?? UNKNOWN };
    }),
  );
}

const isOrderKnown = (signs: readonly PageSign[]): boolean =>
  signs.every(({ order, text }) => order !== UNKNOWN || text.trim() === "");

/**
 * Joins parts that are beside each other to one line. Returns undefined if the parts are separate lines, one above the
 * other.
 */
function joined(page: PageText, parts: readonly LinePart[]): Line[] | undefined {
  if (parts.length === 1) return undefined;
  const signs = signsIn(page, parts);
  const { size } = signs.find(({ text }) => text.trim() !== "") ?? { size: 0 };
  const isKnown = isOrderKnown(signs);
  if (isKnown && isDrawnOver(signs, size)) return undefined;
  const ordered = isKnown ? inDrawnOrder(signs, size, page.drawing().hasBlank) : undefined;
  if (ordered === undefined && areStacked(parts)) return undefined;
  return [lineOf(page, signs, ordered ?? signs)];
}

function lineOf(page: PageText, signs: readonly PageSign[], ordered: readonly PlacedSign[]): Line {
  const ink = signs.filter(({ text }) => text.trim() !== "");
  const { size } = ink[0]!;
  const text = inReadingOrder(ordered, { size, rtl: page.mostlyRtl });
  const indexes = ink.map(({ index }) => index);
  const style = page.styled ? styleOfLine(page, Math.min(...indexes), Math.max(...indexes)) : {};
  return { ...extentOf(ink), text, size, baseline: baselineOf(signs), ...style };
}

function rowOf(page: PageText, cells: readonly OrderedRun[]): Line[] {
  const baseline = baselineOf(cells.flatMap(({ signs }) => signs));
  const row = cells.map(({ signs, ordered, size }) => {
    const line = lineOf(page, signs, ordered);
    return { ...line, baseline, words: page.styled ? wordsApart(signs, line.text, size) : undefined };
  });
  const gaps = row.slice(1).map(({ left }, at) => left - row[at]!.right);
  return inRow(page, row, gaps);
}

const baselineOf = (signs: readonly PageSign[]): number =>
  commonBaseline(signs.filter(({ text }) => text.trim() !== "").map(({ baseline }) => baseline));
