import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { complaint, filesOf, readGuarantees, ROOT, type Found } from "./spec.ts";

const MIN_GUARANTEES = 17;

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const guarantees = readGuarantees(read("docs/SPEC.md"));
/** Returns the text of a test file, and of the contract suites that it imports. */
const textOf = (file: string): string => {
  const text = read(file);
  const contracts = [...text.matchAll(/from "(\.[^"]+\.contract\.ts)"/g)];
  return [text, ...contracts.map(([, at = ""]) => read(join(dirname(file), at)))].join("\n");
};
/** Matches code that skips a test or a suite. */
const SKIPS = /\b(?:it|test|describe|suite)\b(?:\.\w+)*\.(?:skip|skipIf|runIf|todo|only|fails)\b|\b(?:skip|todo)\(/;

/* Checks docs/SPEC.md without loading the tests that it names; spec-tests.test.ts loads them, in the whole check. */
describe("docs/SPEC.md", () => {
  it("numbers its guarantees from 1 on, none left out", () => {
    expect(guarantees.map(({ name }) => name)).toEqual(guarantees.map((_, index) => `G${index + 1}`));
    expect(guarantees.length).toBeGreaterThanOrEqual(MIN_GUARANTEES);
  });

  it.each(guarantees)("$name is enforced by tests of files that there are, under titles that stand in them", (one) => {
    expect(one.evidence.length).toBeGreaterThan(0);
    for (const { file, title } of one.evidence) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      // A title may be composed of parts, of which one comes from a table of the test file.
      for (const part of title.split(": ")) expect(textOf(file).includes(part), `${file}: ${title}`).toBe(true);
    }
  });

  it.each(filesOf(guarantees))("names %s, whose tests do not skip themselves", (file) => {
    expect(read(file)).not.toMatch(SKIPS);
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
