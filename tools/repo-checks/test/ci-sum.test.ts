import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const SCRIPT = join(import.meta.dirname, "../../../.ci/sum.mjs");
const folder = mkdtempSync(join(tmpdir(), "docrelay-sum-"));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...words: string[]): string => execFileSync(process.execPath, [SCRIPT, ...words], { encoding: "utf8" });

/** Writes a report as vitest does: each file with its tests, `true` for a test that has passed. */
function report(name: string, files: Record<string, Record<string, boolean>>): string {
  const testResults = Object.entries(files).map(([file, tests]) => ({
    name: file,
    message: "",
    assertionResults: Object.entries(tests).map(([fullName, passed]) => ({
      fullName,
      status: passed ? "passed" : "failed",
      failureMessages: passed ? [] : [`why ${fullName}`],
    })),
  }));
  const all = Object.values(files).flatMap((tests) => Object.values(tests));
  const path = join(folder, `${name}.json`);
  const numPassedTests = all.filter(Boolean).length;
  writeFileSync(path, JSON.stringify({ numPassedTests, numPendingTests: 1, testResults }));
  return path;
}
const lines = (text: string): string[] => text.split("\n").filter((line) => /^(FLAKY|FAILED|\d)/.test(line));

it("names the files that failed", () => {
  expect(run("files", report("one", { "a.ts": { x: false, y: false }, "b.ts": { z: true } }))).toBe("a.ts\n");
});

it("counts what failed, and passed when run again, as passed, and names it", () => {
  const first = report("first", { "a.ts": { x: false, y: true }, "b.ts": { z: true } });
  const again = report("again", { "a.ts": { x: true, y: true } });
  expect(lines(run("sum", "0", `${first}+${again}`))).toEqual([
    "FLAKY a.ts",
    "1 passed only when run again, alone: each is a fault to mend, named above",
    "3 passed, 0 failed, 1 skipped",
  ]);
});

it("keeps a test as failed that fails again, has no second look, or whose stage failed without it", () => {
  const first = report("red", { "a.ts": { x: false, y: true }, "b.ts": { z: false } });
  const again = report("red-again", { "a.ts": { x: false, y: true } });
  const closing = [["FAILED a.ts", "FAILED b.ts", "1 passed, 2 failed, 1 skipped"]];
  expect([lines(run("sum", "1", `${first}+${again}`))]).toEqual(closing);
  expect([lines(run("sum", "1", first))]).toEqual(closing);
  expect(lines(run("sum", "1", report("green", { "a.ts": { x: true } })))).toEqual(["1 passed, 1 failed, 1 skipped"]);
});
