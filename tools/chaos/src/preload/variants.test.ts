import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EDGE_STEPS, rewriteSteps, WORKER_STEPS } from "./steps.ts";
import { VARIANTS } from "./variants.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const SOURCES = globSync("packages/{channel,jobs}/src/**/*.ts", { cwd: ROOT }).filter(
  (file) => !file.includes(".test."),
);

describe.each(Object.entries(VARIANTS))("the variant %s", (_name, changes) => {
  it.each(changes)("changes lines that are there: $file", ({ file, from, to }) => {
    expect(readFileSync(join(ROOT, file), "utf8")).toContain(from);
    expect(to).not.toBe(from);
  });
});

describe("failpoints", () => {
  it("are at every step that an edge or a worker is said to take", () => {
    const wrapped = SOURCES.map((file) => rewriteSteps(`file:///${file}`, readFileSync(join(ROOT, file), "utf8")))
      .join("\n")
      .matchAll(/\.around\((?:kind\.queue === "ask" \? "(\w+)" : )?"(\w+)"/g);
    const steps = new Set([...wrapped].flatMap(([, ...names]) => names.filter((name) => name !== undefined)));
    expect([...steps]).toEqual(expect.arrayContaining([...EDGE_STEPS, ...WORKER_STEPS]));
  });
});
