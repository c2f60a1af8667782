/**
 * The pause between the engine calls of two asks of a dead worker, in ms. All asks of a dead worker reach another
 * worker at the same time. One of them may kill every worker that calls the engine for it; without pauses, each such
 * death would cost every other of these asks an engine call, too.
 */
const PAUSE_MS = 100;
/**
 * The longest wait of one ask of a dead worker, in ms. If that worker had many asks, the calls of the later ones begin
 * together.
 */
const MAX_MS = 500;

/**
 * Returns a function that tells for how many ms the next ask of a dead worker has to wait; `now` is in ms of a
 * monotonic clock.
 */
export function createStagger(): (now: number) => number {
  let next = Number.NEGATIVE_INFINITY;
  return (now) => {
    const at = Math.min(Math.max(now, next), now + MAX_MS);
    next = at + PAUSE_MS;
    return at - now;
  };
}
