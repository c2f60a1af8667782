/** Quarter turns counter-clockwise: 1 is text that runs upwards. A page that is turned clockwise as often shows it upright. */
export type Turn = 0 | 1 | 2 | 3;

/** A rectangle on a page, in points from the left and from the bottom. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** Where a point is on a page that was turned clockwise. The origin stays: places may be negative. */
export function turnedPoint(turn: Turn, x: number, y: number): { readonly x: number; readonly y: number } {
  if (turn === 1) return { x: y, y: -x };
  if (turn === 2) return { x: -x, y: -y };
  return turn === 3 ? { x: -y, y: x } : { x, y };
}

export function turnedBox(turn: Turn, { left, right, bottom, top }: Box): Box {
  const [one, other] = [turnedPoint(turn, left, bottom), turnedPoint(turn, right, top)];
  return {
    left: Math.min(one.x, other.x),
    right: Math.max(one.x, other.x),
    bottom: Math.min(one.y, other.y),
    top: Math.max(one.y, other.y),
  };
}

/** The direction of most of a few. */
export function mostTurned(turns: readonly Turn[]): Turn {
  const count = (turn: Turn): number => turns.filter((one) => one === turn).length;
  return ([0, 1, 2, 3] as const).reduce<Turn>((most, turn) => (count(turn) > count(most) ? turn : most), 0);
}
