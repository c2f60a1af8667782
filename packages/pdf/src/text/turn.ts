/**
 * Quarter turns counter-clockwise: 1 is text that runs upwards. Turning the page clockwise by as many makes the text
 * upright.
 */
export type Turn = 0 | 1 | 2 | 3;

/** A rectangle on a page, in points from the left and from the bottom. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** The position of a point after its page was turned clockwise. The origin stays, so positions may be negative. */
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

/** The most frequent direction of a few samples. */
export function mostTurned(turns: readonly Turn[]): Turn {
  const count = (turn: Turn): number => turns.filter((one) => one === turn).length;
  return ([0, 1, 2, 3] as const).reduce<Turn>((most, turn) => (count(turn) > count(most) ? turn : most), 0);
}
