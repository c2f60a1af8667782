/**
 * The asks of a dead worker come to another worker at the same time. If one of them kills each worker that calls the
 * engine for it, the others would lose an engine call each time. So their calls begin one after another, with a pause.
 */
const PAUSE_MS = 100;
/** The wait of each is bounded; when there are many of them, the later ones begin together. */
const MAX_MS = 500;

/** Returns for how long the next ask has to wait, in ms; `now` is ms of a monotonic clock. */
export function createStagger(): (now: number) => number {
  let next = Number.NEGATIVE_INFINITY;
  return (now) => {
    const at = Math.min(Math.max(now, next), now + MAX_MS);
    next = at + PAUSE_MS;
    return at - now;
  };
}
