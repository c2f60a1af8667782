import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDeeperThan } from "./depth.ts";

function depthOf(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("isDeeperThan", () => {
  it("agrees with the depth of the value that the JSON stands for", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 8, stringUnit: "grapheme" }),
        fc.nat(9),
        fc.boolean(),
        (value, most, spaced) => {
          expect(isDeeperThan(most, JSON.stringify(value, null, spaced ? 1 : 0))).toBe(depthOf(value) > most);
        },
      ),
    );
  });

  it("does not count brackets in strings, whatever stands before a quote", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("[", "{", "\\", '"', "a"), { maxLength: 30 }), (parts) => {
        expect(isDeeperThan(1, JSON.stringify([parts.join("")]))).toBe(false);
      }),
    );
  });

  it("ends on what is no JSON", () => {
    expect(isDeeperThan(64, "[".repeat(100_000))).toBe(true);
    expect(isDeeperThan(64, `{"a": "${"[".repeat(1000)}`)).toBe(false);
    expect(isDeeperThan(64, "]".repeat(1000))).toBe(false);
  });
});
