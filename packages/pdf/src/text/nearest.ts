/**
 * To find a thing that covers a point, at most this many of the things that begin before the point are examined, from
 * right to left. If none of them covers the point, only one thing that begins before the point is considered: the thing
 * that reaches farthest to the right.
 */
const LOOKS = 16;

/**
 * Returns a function that finds the thing that is nearest to a point on a line; if several are equally near, the first
 * of `things`. `from`, `to`: where a thing begins and ends.
 */
export function nearestOf<T>(
  things: readonly T[],
  from: (thing: T) => number,
  to: (thing: T) => number,
): (point: number) => T | undefined {
  const places = things
    .map((thing, index) => ({ thing, index, from: from(thing), to: to(thing) }))
    .sort((one, other) => one.from - other.from || one.index - other.index);
  // For each index of `places`: the thing that reaches farthest to the right, among those up to this index.
  const reaching = [...places];
  for (let at = 1; at < places.length; at++)
    if (reaching[at - 1]!.to >= places[at]!.to) reaching[at] = reaching[at - 1]!;
  return (point) => {
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places[middle]!.from <= point) low = middle + 1;
      else high = middle;
    }
    let over: (typeof places)[0] | undefined;
    for (let at = low - 1; at >= 0 && at >= low - LOOKS; at--) {
      const place = places[at]!;
      if (place.to >= point && (over === undefined || place.index < over.index)) over = place;
    }
    if (over) return over.thing;
    const [before, after] = [reaching[low - 1], places[low]];
    if (before === undefined || after === undefined) return (before ?? after)?.thing;
    const [left, right] = [Math.max(point - before.to, 0), after.from - point];
    if (left !== right) return (left < right ? before : after).thing;
    return (before.index < after.index ? before : after).thing;
  };
}
