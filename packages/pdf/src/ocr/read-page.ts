import type { Rotation } from "../text/rotation.ts";
import type { Recogniser } from "./recogniser.ts";
import { confidenceOf, type Word } from "./words.ts";

/**
 * If Tesseract's confidence in a page is below this (of 100), the page probably lies on its side or is in another
 * script, and is read again in other ways. Pages that were read correctly have 80 and more.
 */
const SURE = 65;
/** If Tesseract's confidence in a page (of 100) is below this, the words are noise, and the page counts as empty. */
const NOISE = 38;

/**
 * How a page was read: turned by how many quarter turns, and with which languages. The next page of the file probably
 * needs the same turns and languages.
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
 * Reads a page. If the confidence is low, reads it again, turned or with other languages: as the recogniser's `look`
 * suggests, otherwise in each orientation. So a page that is read well at once is read only once. When the time is up,
 * the best result so far is returned.
 * @throws the signal's reason when nothing was read before; errors of `draw` and of the recogniser.
 */
export async function readPage(
  recogniser: Recogniser,
  draw: (rotation: Rotation) => Promise<Uint8Array | undefined>,
  { manner, signal }: { readonly manner: Manner; readonly signal: AbortSignal },
): Promise<RecognisedPage | undefined> {
  const read = async (how: Manner, pgm: Uint8Array): Promise<RecognisedPage> => ({
    words: await recogniser.recognise(pgm, signal, how.languages),
    manner: how,
  });
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

/** Other ways to read a page: turned, or with other languages. The most likely one comes first. */
function waysFrom(manner: Manner, look: Manner | undefined): Manner[] {
  const turned = (quarters: number): Rotation => ((manner.rotation + quarters) % 4) as Rotation;
  if (!look) return [2, 1, 3].map((quarters) => ({ ...manner, rotation: turned(quarters) }));
  const way = { rotation: turned(look.rotation), languages: look.languages };
  return way.rotation === manner.rotation && way.languages === manner.languages ? [] : [way];
}
