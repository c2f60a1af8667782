import type { Rotation } from "../text/rotation.ts";
import { isLitUnevenly } from "../picture/light.ts";
import { pictureOf } from "./pgm.ts";
import type { Recogniser } from "./recogniser.ts";
import { confidenceOf, countSure, type Word } from "./words.ts";

/**
 * If Tesseract's confidence in a page, from 0 to 100, is below this, the page may lie on its side or be in another
 * script, so it is read again in other ways. Pages that were read correctly have 80 and more.
 */
const SURE = 65;
/**
 * If Tesseract's confidence in a page, from 0 to 100, is still below this, the words are noise, and the page counts as
 * empty.
 */
const NOISE = 38;

/**
 * How a page was read: after how many clockwise quarter turns, and with which languages. The next page is first read in
 * the same way.
 */
export interface Manner {
  readonly rotation: Rotation;
  readonly languages?: string | undefined;
}
export const USUAL: Manner = { rotation: 0 };

export interface RecognisedPage {
  /** The words of the page; empty when they are only noise. */
  readonly words: readonly Word[];
  readonly manner: Manner;
}

/**
 * Reads a page, or a figure of it (`sparse`). If the recogniser's confidence is low, reads the page again: turned and
 * with the languages that its `look` suggests; without `look`, in each of the other orientations. A page that is lit
 * unevenly is read twice in each way: with one threshold between black and white, and with a threshold for each of its
 * parts. Returns the best result, and stops early when the time is up. Returns undefined if the page cannot be drawn.
 * @throws the signal's reason when it is aborted before the page was read once; errors of `draw` and of the recogniser.
 */
export async function readPage(
  recogniser: Recogniser,
  draw: (rotation: Rotation) => Promise<Uint8Array | undefined>,
  { manner, signal, sparse }: { readonly manner: Manner; readonly signal: AbortSignal; readonly sparse?: boolean },
): Promise<RecognisedPage | undefined> {
  const read = async (manner: Manner, pgm: Uint8Array): Promise<RecognisedPage> => {
    const how = { languages: manner.languages, sparse };
    const words = await recogniser.recognise(pgm, signal, how);
    if (sparse || !isLitUnevenly(pictureOf(pgm))) return { words, manner };
    // If the second reading fails, the first one counts.
    const other = await recogniser.recognise(pgm, signal, { ...how, uneven: true }).catch(() => undefined);
    return { words: other && countSure(other, SURE) > countSure(words, SURE) ? other : words, manner };
  };
  const pgm = await draw(manner.rotation);
  if (!pgm) return undefined;
  let best = await read(manner, pgm);
  if (best.words.length === 0 || confidenceOf(best.words) >= SURE) return best;
  try {
    const look = await recogniser.look?.(pgm, signal);
    for (const more of waysFrom(manner, recogniser.look ? (look ?? { rotation: 0 }) : undefined)) {
      const picture = more.rotation === manner.rotation ? pgm : await draw(more.rotation);
      const other = picture && (await read(more, picture));
      if (other && confidenceOf(other.words) > confidenceOf(best.words)) best = other;
      if (confidenceOf(best.words) >= SURE) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return confidenceOf(best.words) < NOISE ? { words: [], manner } : best;
}

/** Returns the ways in which a page is read again after it was read in the way of `manner`, the most likely first. */
function waysFrom(manner: Manner, look: Manner | undefined): Manner[] {
  const turned = (quarters: number): Rotation => ((manner.rotation + quarters) % 4) as Rotation;
  if (!look) return [2, 1, 3].map((quarters) => ({ ...manner, rotation: turned(quarters) }));
  const way = { rotation: turned(look.rotation), languages: look.languages };
  return way.rotation === manner.rotation && way.languages === manner.languages ? [] : [way];
}
