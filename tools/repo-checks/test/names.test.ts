import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sourceFiles } from "../src/import-graph.ts";

const ROOT = join(import.meta.dirname, "../../..");
/** Matches names of bounds that do not begin with `MAX` or `MIN`. */
const OTHER_WORDS = /\bconst \[?(?:MOST|LONGEST|LARGEST|LEAST|SMALLEST|FEWEST|SOONEST|LATEST)(?:_[A-Z]+)*\b/g;

it("bounds are named MAX and MIN, in one word for each", () => {
  const found = sourceFiles(ROOT).flatMap((file) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(OTHER_WORDS)].map(([words]) => `${file}: ${words}`),
  );
  expect(found).toEqual([]);
});
