import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonMembers, jsonShape } from "./json-scan.ts";

const json = fc
  .tuple(
    fc.oneof(
      fc.jsonValue({ maxDepth: 8, stringUnit: "grapheme" }),
      // Objects whose strings and keys have characters that look like JSON syntax.
      fc.dictionary(hostile(), fc.oneof(hostile(), fc.array(hostile()), fc.integer(), fc.constant(null))),
    ),
    fc.constantFrom("", " ", "\n\t"),
  )
  .map(([value, space]) => JSON.stringify(value, null, space));

function hostile(): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom("[", "{", "}", "]", "\\", '"', ",", ":", "a", " "), { maxLength: 12 })
    .map((parts) => parts.join(""));
}

/** Returns how deep a value nests, and how many opening brackets and commas its JSON has. */
function measure(value: unknown): { depth: number; parts: number } {
  if (value === null || typeof value !== "object") return { depth: 0, parts: 0 };
  const inner = Object.values(value).map(measure);
  return {
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    parts: 1 + Math.max(0, inner.length - 1) + inner.reduce((sum, { parts }) => sum + parts, 0),
  };
}

describe("jsonShape", () => {
  it("agrees with the value that JSON.parse makes, for strings and bytes", () => {
    fc.assert(
      fc.property(json, fc.nat(9), fc.nat(20), (text, maxDepth, maxParts) => {
        const { depth, parts } = measure(JSON.parse(text));
        for (const form of [text, Buffer.from(text)]) {
          expect(jsonShape(form, { depth: maxDepth }) === "deep").toBe(depth > maxDepth);
          expect(jsonShape(form, { depth: Infinity, parts: maxParts }) === "many").toBe(parts > maxParts);
        }
      }),
    );
  });

  it("ends on text that is not JSON", () => {
    for (const form of [(text: string) => text, (text: string) => Buffer.from(text)]) {
      expect(jsonShape(form("[".repeat(65)), { depth: 64 })).toBe("deep");
      expect(jsonShape(form(`{"a": "${"[".repeat(65)}`), { depth: 64 })).toBe("fit");
      expect(jsonShape(form("]".repeat(65)), { depth: 64 })).toBe("fit");
      expect(jsonShape(form(`["${"\\".repeat(1001)}`), { depth: 64 })).toBe("fit");
    }
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
        expect(["fit", "deep", "many"]).toContain(jsonShape(text, { depth: 2, parts: 2 }));
      }),
    );
  });
});

describe("jsonMembers", () => {
  it("finds the members that JSON.parse finds, and what stands between them is syntax only", () => {
    fc.assert(
      fc.property(json, (text) => {
        const value = JSON.parse(text) as unknown;
        fc.pre(value !== null && typeof value === "object" && !Array.isArray(value));
        const members = jsonMembers(text);
        const found = members.map(({ key, value: from, to }) => [key, JSON.parse(text.slice(from, to))]);
        expect(Object.fromEntries(found)).toEqual(value);
        const between = [0, ...members.map(({ to }) => to)].map((from, index) =>
          text.slice(from, members[index]?.from ?? text.length).replaceAll(/\s/g, ""),
        );
        expect(between.join("")).toBe(`{${",".repeat(Math.max(0, members.length - 1))}}`);
        for (const { to } of members) expect(text[to - 1]).not.toMatch(/\s/);
      }),
    );
  });

  it("returns a repeated key each time", () => {
    const text = '{ "a" : 1, "\\u0061":[2 , {"a":3}] }';
    expect(jsonMembers(text).map(({ key, value, to }) => [key, text.slice(value, to)])).toEqual([
      ["a", "1"],
      ["a", '[2 , {"a":3}]'],
    ]);
  });
});
