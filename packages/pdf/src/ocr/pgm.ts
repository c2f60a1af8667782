import type { Rotation } from "../text/rotation.ts";

/** Turns a PGM file (a grey picture) clockwise by `rotation` quarter turns. */
export function turned(pgm: Uint8Array, rotation: Rotation): Uint8Array {
  if (rotation === 0) return pgm;
  const [header = "", w, h] = /^P5 (\d+) (\d+) 255\n/.exec(Buffer.from(pgm.subarray(0, 40)).toString("latin1")) ?? [];
  const [width, height] = [Number(w), Number(h)];
  const grey = pgm.subarray(header.length);
  const head = Buffer.from(rotation === 2 ? header : `P5 ${height} ${width} 255\n`);
  const result = new Uint8Array(head.length + grey.length);
  result.set(head);
  if (rotation === 2) result.set(grey.toReversed(), head.length);
  else
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [across, down] = rotation === 1 ? [height - 1 - y, x] : [y, width - 1 - x];
        result[head.length + down * height + across] = grey[y * width + x] ?? 0;
      }
  return result;
}
