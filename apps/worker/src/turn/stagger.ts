/**
 * All asks of a dead worker reach another worker at the same time. If one of them kills every worker that calls the
 * engine for it, each of the others would lose an engine call at each such death. So their calls begin one after
 * another, with this pause in ms.
 */
const PAUSE_MS = 100;
/** The longest wait of one ask. If there are many such asks, the later ones begin together. */
const MAX_MS = 500;

/** Returns a function that tells for how many ms the next such ask has to wait; `now` is in ms of a monotonic clock. */
export function createStagger(): (now: number) => number {
  let next = Number.NEGATIVE_INFINITY;
  return (now) => {
    const at = Math.min(Math.max(now, next), now + MAX_MS);
    next = at + PAUSE_MS;
    return at - now;
  };
}
