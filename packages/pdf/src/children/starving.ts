import type { Child } from "./child-process.ts";

/*
 * Children run when nobody else wants to. Where others keep every core busy for seconds that is never, and a file would
 * end as too slow that nobody has looked at. A process cannot be given more of the cores later without privilege, so
 * what starves is ended, and for a while new children are started as ones that get a tenth of a busy core.
 */

/** A stall's time must hold both: to see it, and to read the page after it. */
const WINDOW_MS = 4000;
/** A watch that comes so much later has stood still itself. */
const STOOD_MS = 1000;
/** Of one core. */
const STARVING_SHARE = 0.1;
const REMEMBER_MS = 60_000;

let fullUntil = 0;

/** Whether a child that would wait for an idle core was starving in the last minute. */
export function coresAreFull(): boolean {
  return performance.now() < fullUntil;
}

/**
 * Watches a child that has something to do, until the answer is called. `onStarving` comes at most once, and only for
 * one that waits for an idle core; of the others it is but remembered that cores are full.
 */
export function watchStarving(child: Pick<Child, "patient" | "ranMs">, onStarving: () => void): () => void {
  let before = child.ranMs();
  let looked = performance.now();
  const watch = setInterval(() => {
    const [now, ran] = [performance.now(), child.ranMs()];
    // False where it cannot be told. Who has stood still himself may not have heard that the child has nothing to do.
    const starving = ran - before < STARVING_SHARE * WINDOW_MS && now - looked < WINDOW_MS + STOOD_MS;
    [before, looked] = [ran, now];
    if (!starving) return;
    fullUntil = now + REMEMBER_MS;
    if (!child.patient) return;
    clearInterval(watch);
    onStarving();
  }, WINDOW_MS);
  return () => clearInterval(watch);
}
