/** What is known of an ask here. */
interface Replacing {
  readonly id: string;
  readonly replaces?: string;
}

/**
 * Asks by their places in a conversation: an ask that replaces another one stands at that one's place. Each place has its
 * versions, the oldest first; the last one counts. An ask whose replaced one is not there has a place of its own.
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
