import { hash } from "node:crypto";

/** A region as users are placed: `weight` is its share of the users. */
export interface Place {
  readonly name: string;
  readonly weight: number;
}

/**
 * The regions in the order in which a user is at home there: the first one is the user's region, the second one takes
 * over while the first is away. By weighted rendezvous hashing, so a region that is added or removed moves only the users
 * that come to it or leave it.
 */
export function regionsOf<P extends Place>(user: string, places: readonly P[]): P[] {
  const scored = places.map((place) => ({ place, score: place.weight / -Math.log(fraction(`${place.name} ${user}`)) }));
  return scored.toSorted((a, b) => b.score - a.score).map(({ place }) => place);
}

/** A number above 0 and below 1 that is the same for the same text. */
function fraction(text: string): number {
  return (hash("sha256", text, "buffer").readUIntBE(0, 6) + 0.5) / 2 ** 48;
}
