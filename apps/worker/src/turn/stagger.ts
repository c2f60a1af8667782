/**
 * Asks that a dead worker left behind come to one worker at one moment. If one of them kills whoever calls for it, the
 * others lose a call each time, unless each is called for a while after the one before.
 */
const APART_MS = 100;
/** However many there are: from here on they go together. */
const LONGEST_MS = 500;

/** How long the next one has to wait, in ms; `now` is ms of a clock that never goes back. */
export function createApart(): (now: number) => number {
  let next = Number.NEGATIVE_INFINITY;
  return (now) => {
    const at = Math.min(Math.max(now, next), now + LONGEST_MS);
    next = at + APART_MS;
    return at - now;
  };
}
