/** The fields that decide an ask's place in its conversation. */
interface Replacing {
  readonly id: string;
  readonly replaces?: string;
}

/**
 * Groups asks by their place in the conversation. An ask that replaces another ask has the same place. Each group lists
 * the versions of a question, oldest first; only the last version is valid. If the replaced ask is not known, the ask
 * has a place of its own.
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
