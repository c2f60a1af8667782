import type { Turn } from "../text/turn.ts";
import type { Recogniser } from "./recogniser.ts";
import { confidenceOf, type Word } from "./words.ts";

/** Below it a page lies on its side or is written in other letters: right ones are read with 80 of 100 and more. */
const SURE = 65;
/** Below it what was read is noise. */
const NOISE = 38;

/** How a page was read: the next one of its file is likely to be the same. */
export interface Manner {
  readonly turn: Turn;
  readonly languages?: string | undefined;
}
export const USUAL: Manner = { turn: 0 };

export interface RecognisedPage {
  /** None when there is only noise. */
  readonly words: readonly Word[];
  readonly manner: Manner;
}

/**
 * Reads a page, and turns it or takes other languages when that went badly: as the recogniser's look says, else each way
 * round. Costs no more than reading where it went well. Out of time, the best so far counts.
 * @throws the signal's reason when nothing was read before; what `draw` and the recogniser throw.
 */
export async function readPage(
  recogniser: Recogniser,
  draw: (turn: Turn) => Promise<Uint8Array | undefined>,
  { manner, signal }: { readonly manner: Manner; readonly signal: AbortSignal },
): Promise<RecognisedPage | undefined> {
  const read = async (how: Manner, pgm: Uint8Array): Promise<RecognisedPage> => ({
    words: await recogniser.recognise(pgm, signal, how.languages),
    manner: how,
  });
  const pgm = await draw(manner.turn);
  if (!pgm) return undefined;
  let best = await read(manner, pgm);
  if (best.words.length === 0 || confidenceOf(best.words) >= SURE) return best;
  try {
    const look = await recogniser.look?.(pgm, signal);
    for (const more of waysFrom(manner, recogniser.look ? (look ?? { turn: 0 }) : undefined)) {
      const picture = more.turn === manner.turn ? pgm : await draw(more.turn);
      const other = picture && (await read(more, picture));
      if (other && confidenceOf(other.words) > confidenceOf(best.words)) best = other;
      if (confidenceOf(best.words) >= SURE) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return confidenceOf(best.words) < NOISE ? { words: [], manner } : best;
}

/** What else to try, the likely first. */
function waysFrom(manner: Manner, look: Manner | undefined): Manner[] {
  const turned = (quarters: number): Turn => ((manner.turn + quarters) % 4) as Turn;
  if (!look) return [2, 1, 3].map((quarters) => ({ ...manner, turn: turned(quarters) }));
  const way = { turn: turned(look.turn), languages: look.languages };
  return way.turn === manner.turn && way.languages === manner.languages ? [] : [way];
}
