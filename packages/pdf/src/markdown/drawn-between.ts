import type { Rules } from "../text/styled.ts";
import { firstIndex } from "./first-index.ts";

/** Horizontal lines; from bottom to top, except in the argument of `withSortedRules`. */
type Across = Rules["across"];

/** Returns the rules with their horizontal lines sorted from bottom to top. */
export function withSortedRules({ across, upright }: Rules): Rules {
  return { across: across.toSorted((one, other) => one.y - other.y), upright };
}

/** Returns the horizontal lines that are higher than `low`, and at most as high as `high`. */
export function drawnBetween(across: Across, low: number, high: number): Across {
  return across.slice(
    firstAt(across, (y) => y > low),
    firstAt(across, (y) => y > high),
  );
}

/** The lines nearest below and above a height, each with the lines that are less than 1 point farther away. */
export function nearestDrawn(across: Across, height: number): { readonly below: Across; readonly above: Across } {
  const [below, above] = [firstAt(across, (y) => y >= height), firstAt(across, (y) => y > height)];
  const [first, next] = [across[below - 1]?.y ?? -Infinity, across[above]?.y ?? Infinity];
  return {
    below: across.slice(
      firstAt(across, (y) => first - y < 1),
      below,
    ),
    above: across.slice(
      above,
      firstAt(across, (y) => y - next >= 1),
    ),
  };
}

/** The index of the first line whose height passes `test`, which must hold for all lines above that line, too. */
function firstAt(across: Across, test: (y: number) => boolean): number {
  return firstIndex(across.length, (index) => test(across[index]!.y));
}
