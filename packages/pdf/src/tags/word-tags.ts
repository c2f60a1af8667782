import type { Line } from "../text/layout.ts";
import type { Extent } from "../text/styled.ts";
import type { TaggedRun, Tags } from "./tags.ts";

/** Runs are looked up by the stripes of this height, in points, that they touch. */
const STRIPE = 16;
/** A run that touches more stripes, and a further run of a stripe that has MAX_IN_STRIPE runs, is ignored. */
const MAX_STRIPES = 16;
const MAX_IN_STRIPE = 1000;
/**
 * How far a word may be outside of its run, in ems, and in points at the left and right: the box of a run is that of its
 * ink, and that of an asterisk or of a full stop is small.
 */
const BLEED_EM = 0.3;
const BLEED = 1.5;
/** The middle of small letters is this many ems above the baseline. */
const MIDDLE_EM = 0.25;

/** A word, and the index of the element to which it belongs; undefined if no element has it. */
export interface TaggedWord extends Extent {
  readonly text: string;
  readonly tag: number | undefined;
}

/**
 * Returns a function that finds the element of each word of a line, by the word's place on the page. `wordsOf`: returns
 * the words of a line.
 */
export function wordTagger(
  { runs }: Tags,
  wordsOf: (line: Line) => ReadonlyArray<Omit<TaggedWord, "tag">>,
): (line: Line) => TaggedWord[] {
  const stripes = new Map<number, TaggedRun[]>();
  for (const run of runs) {
    const [from, to] = [Math.floor(run.bottom / STRIPE) - 1, Math.floor(run.top / STRIPE) + 1];
    if (!(to - from < MAX_STRIPES)) continue;
    for (let stripe = from; stripe <= to; stripe++) {
      const there = stripes.get(stripe);
      if (there === undefined) stripes.set(stripe, [run]);
      else if (there.length < MAX_IN_STRIPE) there.push(run);
    }
  }
  return (line) => {
    const sign = line.mirrored === true ? -1 : 1;
    const y = line.baseline + MIDDLE_EM * line.size;
    const there = line.size === 0 ? [] : (stripes.get(Math.floor(y / STRIPE)) ?? []);
    return wordsOf(line).map((word) => ({
      ...word,
      tag: nearest(there, { x: (sign * (word.left + word.right)) / 2, y, up: BLEED_EM * line.size })?.tag,
    }));
  };
}

/** The run that contains a point; if there are several, the one whose middle is nearest to the point's height. */
function nearest(
  runs: readonly TaggedRun[],
  { x, y, up }: { readonly x: number; readonly y: number; readonly up: number },
): TaggedRun | undefined {
  let [found, least]: [TaggedRun | undefined, number] = [undefined, Infinity];
  for (const run of runs) {
    if (run.left - BLEED > x || run.right + BLEED < x || run.bottom - up > y || run.top + up < y) continue;
    const off = Math.abs(run.bottom + run.top - 2 * y);
    if (off < least) [found, least] = [run, off];
  }
  return found;
}
