/**
 * The direction of text, in counter-clockwise quarter turns: 0 is upright, 1 runs upwards. If the page is turned
 * clockwise by so many quarter turns, the text is upright.
 */
export type Rotation = 0 | 1 | 2 | 3;

/** A rectangle on a page, in points from the left and from the bottom. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/**
 * The position of a point after the page was turned clockwise about the origin of its coordinates. It may be negative.
 */
export function rotatedPoint(rotation: Rotation, x: number, y: number): { readonly x: number; readonly y: number } {
  if (rotation === 1) return { x: y, y: -x };
  if (rotation === 2) return { x: -x, y: -y };
  return rotation === 3 ? { x: -y, y: x } : { x, y };
}

export function rotatedBox(rotation: Rotation, { left, right, bottom, top }: Box): Box {
  const [one, other] = [rotatedPoint(rotation, left, bottom), rotatedPoint(rotation, right, top)];
  return {
    left: Math.min(one.x, other.x),
    right: Math.max(one.x, other.x),
    bottom: Math.min(one.y, other.y),
    top: Math.max(one.y, other.y),
  };
}

export function commonRotation(rotations: readonly Rotation[]): Rotation {
  const count = (rotation: Rotation): number => rotations.filter((one) => one === rotation).length;
  return ([0, 1, 2, 3] as const).reduce<Rotation>(
    (most, rotation) => (count(rotation) > count(most) ? rotation : most),
    0,
  );
}
