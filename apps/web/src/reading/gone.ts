import type { Turn } from "@docrelay/client";

/**
 * Returns the turns that the page shows and the server no longer has, oldest first: the turns already known as gone,
 * and turns of `before` that are missing in `now`. A turn that came back is left out.
 */
export function goneTurns(gone: readonly Turn[], before: readonly Turn[], now: readonly Turn[]): readonly Turn[] {
  // An earlier version is not gone: its newest version contains it.
  const present = new Set(now.flatMap(({ id, versions = [] }) => [id, ...versions.map((one) => one.id)]));
  const lost = before.filter(({ id, state }) => !present.has(id) && state !== "sending");
  const known = new Set(gone.map(({ id }) => id));
  const all = [...gone, ...lost.filter(({ id }) => !known.has(id))].filter(({ id }) => !present.has(id));
  return all.length === gone.length && lost.length === 0 ? gone : all;
}
