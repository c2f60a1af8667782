import { firstAtLeast } from "./first-index.ts";
import type { Rules } from "../text/styled.ts";

/** A straight line that is drawn across (`at` is its y) or upright (`at` is its x), from one end to the other. */
export interface Segment {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Lines that touch one another, as those of a table do. */
export interface Lattice {
  readonly across: readonly Segment[];
  readonly upright: readonly Segment[];
}

/** In points. Lines of one direction that are nearer than this are one line, such as the edges of adjoining cells. */
const SNAP = 2;
/** In points. Lines touch if this little is between them: tables may be drawn with a gap between their cells. */
const TOUCH = 4;
/** A page with more crossings of lines than this is a drawing. */
const MAX_CROSSINGS = 100_000;

/** Finds the groups of touching lines on a page. */
export function latticesOf(rules: Rules): Lattice[] {
  const across = joined(rules.across.map(({ y, left, right }) => ({ at: y, from: left, to: right })));
  const upright = joined(rules.upright.map(({ x, bottom, top }) => ({ at: x, from: bottom, to: top })));
  const crossings = crossingsOf(across, upright);
  if (!crossings) return [];
  const group = unionFind(across.length + upright.length);
  for (const [one, other] of crossings) group.union(one, across.length + other);
  const found = new Map<number, { across: Segment[]; upright: Segment[] }>();
  const groupAt = (index: number): { across: Segment[]; upright: Segment[] } => {
    const root = group.find(index);
    const known = found.get(root) ?? { across: [], upright: [] };
    found.set(root, known);
    return known;
  };
  across.forEach((segment, index) => groupAt(index).across.push(segment));
  upright.forEach((segment, index) => groupAt(across.length + index).upright.push(segment));
  return [...found.values()].filter((each) => each.across.length > 0 && each.upright.length > 0);
}

/** Joins lines that are one behind the other. The result is sorted by place. */
function joined(segments: readonly Segment[]): Segment[] {
  const byPlace = segments.toSorted((one, other) => one.at - other.at);
  const result: Segment[] = [];
  let begin = 0;
  byPlace.forEach((segment, index) => {
    const next = byPlace[index + 1];
    if (next && next.at - (byPlace[begin]?.at ?? 0) < SNAP) return;
    const at = ((byPlace[begin]?.at ?? 0) + segment.at) / 2;
    const first = result.length;
    for (const { from, to } of byPlace.slice(begin, index + 1).toSorted((one, other) => one.from - other.from)) {
      const last = result.length > first ? result.at(-1) : undefined;
      if (last && from <= last.to + TOUCH)
        result[result.length - 1] = { at, from: last.from, to: Math.max(last.to, to) };
      else result.push({ at, from, to });
    }
    begin = index + 1;
  });
  return result;
}

/** Returns the pairs of lines that touch; undefined if there are too many. */
function crossingsOf(across: readonly Segment[], upright: readonly Segment[]): Array<[number, number]> | undefined {
  const places = upright.map(({ at }) => at);
  const found: Array<[number, number]> = [];
  let looks = 0;
  for (const [one, line] of across.entries()) {
    for (let other = firstAtLeast(places, line.from - TOUCH); other < upright.length; other++) {
      const crossing = upright[other] as Segment;
      if (crossing.at > line.to + TOUCH) break;
      if (++looks > 20 * MAX_CROSSINGS) return undefined;
      if (crossing.from - TOUCH <= line.at && crossing.to + TOUCH >= line.at) found.push([one, other]);
    }
    if (found.length > MAX_CROSSINGS) return undefined;
  }
  return found;
}

/** Keeps sets of numbers that can be united. */
export function unionFind(size: number): { find(one: number): number; union(one: number, other: number): void } {
  const parents = Array.from({ length: size }, (_, index) => index);
  const find = (one: number): number => {
    let root = one;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root] as number] as number;
      root = parents[root] as number;
    }
    return root;
  };
  // The lower number becomes the root, so the root of a set is its first member.
  const union = (one: number, other: number): void => {
    const [a, b] = [find(one), find(other)];
    parents[Math.max(a, b)] = Math.min(a, b);
  };
  return { find, union };
}
