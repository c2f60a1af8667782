/** The fields of an ask that its place in the conversation depends on. */
interface Replacing {
  readonly id: string;
  readonly replaces?: string;
}

/**
 * Sorts asks into the places of a conversation: an ask that replaces another one has the same place. Each place holds
 * its versions, oldest first; the last one is valid. An ask whose replaced ask is not known has a place of its own.
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
