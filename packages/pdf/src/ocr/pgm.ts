import type { GreyPicture } from "../picture/skew.ts";
import type { Rotation } from "../text/rotation.ts";

/** The picture in a PGM file that PDFium's drawing has made. */
export function pictureOf(pgm: Uint8Array): GreyPicture {
  const [header = "", w, h] = /^P5 (\d+) (\d+) 255\n/.exec(Buffer.from(pgm.subarray(0, 40)).toString("latin1")) ?? [];
  return { width: Number(w ?? 0), height: Number(h ?? 0), grey: pgm.subarray(header.length) };
}

/** Turns a PGM file (a grey picture) clockwise by `rotation` quarter turns. */
export function turned(pgm: Uint8Array, rotation: Rotation): Uint8Array {
  if (rotation === 0) return pgm;
  const { width, height, grey } = pictureOf(pgm);
  const head = Buffer.from(rotation === 2 ? `P5 ${width} ${height} 255\n` : `P5 ${height} ${width} 255\n`);
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
