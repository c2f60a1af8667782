import type { Line } from "../text/layout.ts";
import type { Extent } from "../text/styled.ts";

/** Texts are aligned if their edges or their centres differ by at most this many ems. */
const ALIGNED_EM = 0.4;

/**
 * Whether the texts of two rows are those of the same columns: at least two, and at least half of those of the row that
 * has fewer, begin, end or are centred at the same place.
 */
export function areAligned(one: readonly Aligned[], other: readonly Aligned[]): boolean {
  const size = one[0]?.line.size ?? 0;
  const least = Math.max(2, Math.min(one.length, other.length) / 2);
  const places = [({ left }: Extent) => left, ({ right }: Extent) => right, centreOf];
  const aligned = new Set<Aligned>();
  for (const placeOf of places) {
    const sorted = other.map(placeOf).sort((a, b) => a - b);
    let at = 0;
    for (const fragment of one.toSorted((a, b) => placeOf(a) - placeOf(b))) {
      while (at < sorted.length && sorted[at]! < placeOf(fragment) - ALIGNED_EM * size) at++;
      if (at < sorted.length && sorted[at]! <= placeOf(fragment) + ALIGNED_EM * size) aligned.add(fragment);
    }
  }
  return aligned.size >= least;
}

type Aligned = Extent & { readonly line: Line };

const centreOf = ({ left, right }: Extent): number => (left + right) / 2;
