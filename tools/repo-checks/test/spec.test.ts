import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, readGuarantees, ROOT, type Found } from "./spec.ts";

const LEAST = 17;

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const guarantees = readGuarantees(read("docs/SPEC.md"));
const evidence = guarantees.flatMap((guarantee) => guarantee.evidence);
const files = [...new Set(evidence.map(({ file }) => file))].filter((file) => existsSync(join(ROOT, file)));

/** The test files that run a file: itself, or those that import the contract. */
function runnersOf(file: string): string[] {
  if (file.endsWith(".test.ts")) return [file];
  const [folder = "", name = ""] = file.split("/");
  const all = globSync(`${folder}/${name}/{src,test}/**/*.test.ts`, { cwd: ROOT });
  return all.filter((test) => read(test).includes(`/${basename(file)}"`)).toSorted();
}

/** Skips from inside a test cannot be seen before it runs. */
const SKIPS_INSIDE = /\b(?:skip|todo)\(/;

describe("docs/SPEC.md", { timeout: 180_000 }, () => {
  let found: readonly Found[] = [];
  beforeAll(async () => {
    const runners = [...new Set(files.flatMap(runnersOf))];
    const program = [join(import.meta.dirname, "collect.ts"), ...runners];
    const { stdout } = await promisify(execFile)(process.execPath, program, {
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
      timeout: 170_000,
      // Of the run that this test is part of: the other one is none of its workers.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$)/.test(name))),
    });
    const collected = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { found: Found[]; errors: string[] };
    expect(collected.errors).toEqual([]);
    ({ found } = collected);
  }, 180_000);

  it("numbers its guarantees from 1 on, none left out", () => {
    expect(guarantees.map(({ name }) => name)).toEqual(guarantees.map((_, index) => `G${index + 1}`));
    expect(guarantees.length).toBeGreaterThanOrEqual(LEAST);
  });

  it.each(guarantees)("$name is enforced by tests that a run has, under these names, and skips nowhere", (one) => {
    expect(one.evidence.length).toBeGreaterThan(0);
    for (const { file } of one.evidence) expect(existsSync(join(ROOT, file)), file).toBe(true);
    expect(one.evidence.flatMap((line) => complaint(line, runnersOf(line.file), found) ?? [])).toEqual([]);
  });

  it.each(files)("names %s, whose tests do not skip themselves", (file) => {
    expect(read(file)).not.toMatch(SKIPS_INSIDE);
  });
});

describe("evidence", () => {
  const line = { file: "a.contract.ts", title: "holds" };
  const test = (file: string, names: string[], skipped = false): Found => ({ file, names, skipped });

  it("is a test or a suite of that very name, in every file that is to run it", () => {
    const both = [test("a.test.ts", ["holds"]), test("b.test.ts", ["fast", "holds"])];
    expect(complaint(line, ["a.test.ts", "b.test.ts"], both)).toBeUndefined();
    expect(complaint(line, ["a.test.ts", "c.test.ts"], both)).toContain("c.test.ts: has no test");
    expect(complaint(line, ["a.test.ts"], [test("a.test.ts", ["holds water"])])).toContain("has no test");
    expect(complaint(line, [], both)).toContain("no test file");
  });

  it("is not skipped, not even one row of it", () => {
    const rows = [test("a.test.ts", ["one", "holds"]), test("a.test.ts", ["two", "holds"], true)];
    expect(complaint(line, ["a.test.ts"], rows)).toContain("skips");
  });

  it("is every item of the list: one without a file or title is an error", () => {
    expect(readGuarantees("**G1. It holds.**\n- `a/b.contract.ts`: holds\n")).toEqual([
      { name: "G1", evidence: [{ file: "a/b.contract.ts", title: "holds" }] },
    ]);
    for (const item of ["`a/b.ts`: holds", "`a/b.test.ts`", "a/b.test.ts: holds"])
      expect(() => readGuarantees(`**G1. It holds.**\n- ${item}\n`)).toThrow("no file and title");
  });
});
