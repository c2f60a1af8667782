/** The fields that decide an ask's place in its conversation. */
interface Replacing {
  readonly id: string;
  readonly replaces?: string;
}

/**
 * Sorts asks into the places of a conversation. An ask that replaces another one has the same place. A place lists its
 * versions, oldest first; only the last one is valid. If the replaced ask is not known, the ask has a place of its own.
 */
export function inPlaces<A extends Replacing>(asks: readonly A[]): Array<[A, ...A[]]> {
  const places: Array<[A, ...A[]]> = [];
  const placeOf = new Map<string, [A, ...A[]]>();
  for (const ask of asks) {
    const known = ask.replaces === undefined ? undefined : placeOf.get(ask.replaces);
    const place: [A, ...A[]] = known ?? [ask];
    if (known) place.push(ask);
    else places.push(place);
    placeOf.set(ask.id, place);
  }
  return places;
}
