import { describe, expect, it } from "vitest";
import type { Rotation } from "../text/rotation.ts";
import { turned } from "./pgm.ts";

const pgm = (header: string, ...grey: number[]): Uint8Array => Uint8Array.from([...Buffer.from(header), ...grey]);

describe("a picture that is turned clockwise", () => {
  const picture = pgm("P5 3 2 255\n", 1, 2, 3, 4, 5, 6);
  it.each<[Rotation, Uint8Array]>([
    [0, picture],
    [1, pgm("P5 2 3 255\n", 4, 1, 5, 2, 6, 3)],
    [2, pgm("P5 3 2 255\n", 6, 5, 4, 3, 2, 1)],
    [3, pgm("P5 2 3 255\n", 3, 6, 2, 5, 1, 4)],
  ])("by %i quarter turns", (rotation, expected) => {
    expect(turned(picture, rotation)).toEqual(expected);
  });
});
