import { describe, expect, it } from "vitest";
import { skewOf, type GreyPicture } from "./skew.ts";

/** A picture of words in lines that fall to the right by `degrees`, with noise. */
function lines(degrees: number, noise = 0): GreyPicture {
  const [width, height] = [620, 877];
  const grey = new Uint8Array(width * height);
  const slope = Math.tan((degrees * Math.PI) / 180);
  let seed = 7;
  for (let at = 0; at < grey.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const down = y - x * slope;
    const isInk = down % 18 > 9 && x % 37 > 7 && down > 90 && x > 60 && x < 560;
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    grey[at] = Math.max(0, Math.min(255, (isInk ? 40 : 210) + ((seed >> 8) % 100) * noise));
  }
  return { width, height, grey };
}

describe("skewOf", () => {
  it.each([1, 3, -7, 12])("finds by how many degrees lines fall: %d", (degrees) => {
    expect(skewOf(lines(degrees))).toBeCloseTo(degrees, 0);
  });

  it("finds it in a noisy picture", () => {
    expect(skewOf(lines(2, 0.4))).toBeCloseTo(2, 0);
  });

  it("is 0 where lines are level, and where there are none", () => {
    expect(skewOf(lines(0))).toBe(0);
    expect(skewOf({ width: 300, height: 300, grey: new Uint8Array(90_000).fill(255) })).toBe(0);
  });
});
