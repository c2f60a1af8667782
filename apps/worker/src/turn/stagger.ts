/**
 * The asks of a dead worker reach another worker at the same time. If one of them kills each worker that calls the
 * engine for it, all others would lose an engine call each time. So their calls begin one after another, with this
 * pause.
 */
const PAUSE_MS = 100;
/** The longest wait: when there are many such asks, the later ones begin together. */
const MAX_MS = 500;

/** Returns a function that returns how long the next ask has to wait, in ms; `now` is in ms of a monotonic clock. */
export function createStagger(): (now: number) => number {
  let next = Number.NEGATIVE_INFINITY;
  return (now) => {
    const at = Math.min(Math.max(now, next), now + MAX_MS);
    next = at + PAUSE_MS;
    return at - now;
  };
}
