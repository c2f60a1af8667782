import type { Finding } from "../part.ts";

/**
 * Finds variables of the environment whose name is nearly that of a setting. docrelay ignores a misspelled setting
 * without an error.
 */
export function misspelled(env: Readonly<Record<string, string | undefined>>, known: readonly string[]): Finding[] {
  const settings = new Set(known);
  return Object.keys(env).flatMap((name) => {
    if (settings.has(name) || !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(name)) return [];
    const meant = known.find((setting) => setting.length > 5 && isNear(name, setting));
    return meant === undefined
      ? []
      : [{ level: "problem", about: name, text: `is no setting: ${meant} is meant` } as const];
  });
}

/** Whether at most two letters were added, left out or changed. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 2) return false;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(Math.min((row[j] ?? 0) + (letter === b[j] ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return (row.at(-1) ?? 3) <= 2;
}
