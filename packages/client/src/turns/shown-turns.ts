import { inPlaces } from "@docrelay/protocol";
import type { Turn } from "./turn.ts";

/**
 * Creates a function that lists each question once. If turns replace one another, the function lists only the newest of
 * them, in the place of the oldest, with the others as `versions`. A turn stays the same object unless the turn or its
 * versions have changed.
 */
export function createShownTurns(): (turns: readonly Turn[]) => readonly Turn[] {
  const shown = new WeakMap<Turn, Turn>();
  const replaced = new WeakMap<Turn, Turn>();

  function withNext(turn: Turn, replacedBy: string): Turn {
    const known = replaced.get(turn);
    if (known?.replacedBy === replacedBy) return known;
    const made = { ...turn, replacedBy };
    replaced.set(turn, made);
    return made;
  }
  function withVersions(turn: Turn, versions: readonly Turn[]): Turn {
    const known = shown.get(turn);
    const before = known?.versions ?? [];
    if (known && before.length === versions.length && before.every((one, index) => one === versions[index]))
      return known;
    const made = { ...turn, versions };
    shown.set(turn, made);
    return made;
  }
  return (turns) => {
    if (turns.every(({ replaces }) => replaces === undefined)) return turns;
    return inPlaces(turns).map((versions) => {
      const newest = versions.at(-1) ?? versions[0];
      if (versions.length === 1) return newest;
      const earlier = versions.slice(0, -1);
      return withVersions(
        newest,
        earlier.map((turn, index) => withNext(turn, versions[index + 1]?.id ?? newest.id)),
      );
    });
  };
}
