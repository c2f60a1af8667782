import type { Turn } from "@docrelay/client";

/**
 * The turns that the page shows and the server no longer has, oldest first: those known as gone, and those of `before` that
 * are not among `now`, unless they came back.
 */
export function goneTurns(gone: readonly Turn[], before: readonly Turn[], now: readonly Turn[]): readonly Turn[] {
  // An earlier version is not gone: it stands in its newest one.
  const present = new Set(now.flatMap(({ id, versions = [] }) => [id, ...versions.map((one) => one.id)]));
  const lost = before.filter(({ id, state }) => !present.has(id) && state !== "sending");
  const known = new Set(gone.map(({ id }) => id));
  const all = [...gone, ...lost.filter(({ id }) => !known.has(id))].filter(({ id }) => !present.has(id));
  return all.length === gone.length && lost.length === 0 ? gone : all;
}
