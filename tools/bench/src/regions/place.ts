import { hash } from "node:crypto";

/** A region to which users are assigned; `weight` is its share of the users. */
export interface Place {
  readonly name: string;
  readonly weight: number;
}

/**
 * Returns the regions in the order in which they serve a user: the first one is the user's region, and the second one
 * takes over while the first is away. The order follows from weighted rendezvous hashing, so that adding or removing a
 * region moves only the users who come to that region or leave it.
 */
export function regionsOf<P extends Place>(user: string, places: readonly P[]): P[] {
  const scored = places.map((place) => ({ place, score: place.weight / -Math.log(fraction(`${place.name} ${user}`)) }));
  return scored.toSorted((a, b) => b.score - a.score).map(({ place }) => place);
}

/** Returns a number above 0 and below 1, which is always the same for the same text. */
function fraction(text: string): number {
  return (hash("sha256", text, "buffer").readUIntBE(0, 6) + 0.5) / 2 ** 48;
}
