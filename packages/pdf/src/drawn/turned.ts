import { firstAtLeast } from "../markdown/first-index.ts";
import { pageText, type Line } from "../text/layout.ts";
import { mendLines } from "../text/mend-lines.ts";
import { rotatedBox, type Rotation } from "../text/rotation.ts";

/*
 * On a page with text in several directions, PDFium orders the lines by their places as if all text had the direction of
 * most of it. So it returns the lines of other text in reverse order, and mixes them with lines beside it. Such a page
 * is read once for each direction. This file keeps the letters of one direction, and puts the texts together.
 */

/** A text, and the index of PDFium's character for each of its UTF-16 units; left out if the indexes are the same. */
interface Drawn {
  readonly text: string;
  readonly chars?: Int32Array | undefined;
}

interface DirectedLetters {
  directionOf(index: number): Rotation | undefined;
  /** The text object to which a character belongs. All its characters have one direction. */
  objectOf(index: number): number;
  /** Whether PDFium has made this character, for example a blank or a line end. */
  isGenerated(index: number): boolean;
}

/** Lines in one direction, and for each line the text object in which it begins. */
export interface LinesInObjects {
  readonly rotation: Rotation;
  readonly lines: readonly Line[];
  readonly objects: readonly number[];
}

export interface TurnedText {
  /** The directions of text that differ from that of most of the page. */
  readonly directions: readonly Rotation[];
  /** For each text object of the page: its place in the order in which PDFium returns them. */
  readonly order: ReadonlyMap<number, number>;
}

/**
 * The text of a page in other directions than most of it; undefined if there is none. `directions`: those of its lines.
 */
export function turnedText({
  raw,
  letters,
  directions,
  rotation,
}: {
  readonly raw: string;
  readonly letters: { objectOf(index: number): number };
  readonly directions: ReadonlySet<Rotation>;
  readonly rotation: Rotation;
}): TurnedText | undefined {
  const others = [...directions].filter((direction) => direction !== rotation);
  if (others.length === 0) return undefined;
  const order = new Map<number, number>();
  for (let at = 0; at < raw.length; at++) {
    const object = letters.objectOf(at);
    if (!order.has(object)) order.set(object, at);
  }
  return { directions: others, order };
}

/** The letters of a text whose direction `isWanted` accepts, with a line end wherever others were between them. */
export function inDirection(
  { text, chars }: Drawn,
  letters: DirectedLetters,
  isWanted: (direction: Rotation | undefined) => boolean,
): Drawn & { readonly chars: Int32Array } {
  let kept = "";
  const indexes: number[] = [];
  const add = (sign: string, at: number): void => {
    kept += sign;
    for (let unit = 0; unit < sign.length; unit++) indexes.push(chars ? (chars[at] as number) : at);
  };
  const known = new Map<number, boolean>();
  const isKept = (at: number): boolean => {
    const object = letters.objectOf(at);
    const found = known.get(object) ?? isWanted(letters.directionOf(at));
    known.set(object, found);
    return found;
  };
  let [made, isAfterOther] = [0, false];
  for (let at = 0; at < text.length; at++) {
    if (letters.isGenerated(at)) {
      made++;
      continue;
    }
    if (!isKept(at)) {
      isAfterOther = true;
      made = 0;
      continue;
    }
    if (isAfterOther && kept !== "") add("\r\n", at);
    else if (kept !== "") for (let before = at - made; before < at; before++) add(text.charAt(before), before);
    add(text.charAt(at), at);
    [made, isAfterOther] = [0, false];
  }
  return { text: kept, chars: Int32Array.from(indexes) };
}

/**
 * Puts the lines of turned texts between the upright lines of a page, at the place of their objects in `order`. Turned
 * lines are joined to paragraphs, which are never joined to upright lines.
 */
export function withTurned(
  upright: LinesInObjects,
  turned: readonly LinesInObjects[],
  order: ReadonlyMap<number, number>,
): Line[] {
  const placeOf = (object: number | undefined): number => order.get(object ?? 0) ?? Infinity;
  const places = upright.objects.map(placeOf).toSorted((one, other) => one - other);
  const slots = Array.from({ length: upright.lines.length + 1 }, (): Line[] => []);
  for (const { lines, objects, rotation } of turned) {
    const bySlot = Map.groupBy(lines.keys(), (at) => firstAtLeast(places, placeOf(objects[at])));
    for (const [slot, own] of bySlot) {
      const mended = mendLines([...own].map((at) => lines[at] as Line));
      const place = placeOn(mended, quarterTurns(upright.rotation - rotation));
      slots[slot]?.push(
        ...pageText(mended)
          .split("\n")
          .map((text) => ({ ...place, text, inBlock: true })),
      );
    }
  }
  return slots.flatMap((own, slot) => [...own, ...upright.lines.slice(slot, slot + 1)]);
}

/** Where turned lines are on a page that is turned clockwise by some more quarter turns than these lines need. */
function placeOn(lines: readonly Line[], more: Rotation): Omit<Line, "text"> {
  const placed = lines.filter(({ size }) => size > 0);
  if (placed.length === 0) return { left: 0, right: 0, baseline: 0, size: 0 };
  const { left, right, top } = rotatedBox(more, {
    left: Math.min(...placed.map((one) => one.left)),
    right: Math.max(...placed.map((one) => one.right)),
    bottom: Math.min(...placed.map((one) => one.baseline)),
    top: Math.max(...placed.map((one) => one.baseline + one.size)),
  });
  return { left, right, baseline: top, size: 0 };
}

const quarterTurns = (turns: number): Rotation => ((turns + 4) % 4) as Rotation;
