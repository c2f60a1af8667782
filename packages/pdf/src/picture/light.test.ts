import { describe, expect, it } from "vitest";
import { isLitUnevenly } from "./light.ts";
import type { GreyPicture } from "./skew.ts";

const [WIDTH, HEIGHT] = [320, 400];
/** A page with dark marks on every fifth line. `light`: how bright its paper is at a place, from 0 to 255. */
function page(light: (x: number, y: number) => number): GreyPicture {
  const grey = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, index) => {
    const [x, y] = [index % WIDTH, Math.floor(index / WIDTH)];
    return y % 10 < 4 && x % 3 === 0 ? 20 : light(x, y);
  });
  return { width: WIDTH, height: HEIGHT, grey };
}

describe("the light on a page", () => {
  it("is even on white and on grey paper, and where it falls a little", () => {
    expect(isLitUnevenly(page(() => 255))).toBe(false);
    expect(isLitUnevenly(page(() => 150))).toBe(false);
    expect(isLitUnevenly(page((x) => 250 - 0.15 * x))).toBe(false);
  });

  it("is uneven if it falls towards a corner, or if a shadow lies on the page", () => {
    expect(isLitUnevenly(page((x, y) => 240 - 180 * (x / WIDTH) * (y / HEIGHT)))).toBe(true);
    expect(isLitUnevenly(page((_, y) => (y > 320 ? 130 : 240)))).toBe(true);
  });

  it("is even on an empty picture", () => {
    expect(isLitUnevenly({ width: 0, height: 0, grey: new Uint8Array(0) })).toBe(false);
  });
});
