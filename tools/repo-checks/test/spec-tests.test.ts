import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, filesOf, readGuarantees, ROOT, type Found } from "./spec.ts";

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const guarantees = readGuarantees(read("docs/SPEC.md"));

/** Returns the test files that run a file: the file itself, or for a contract suite the files that import it. */
function runnersOf(file: string): string[] {
  if (file.endsWith(".test.ts")) return [file];
  const [folder = "", name = ""] = file.split("/");
  const all = globSync(`${folder}/${name}/{src,test}/**/*.test.ts`, { cwd: ROOT });
  return all.filter((test) => read(test).includes(`/${basename(file)}"`)).toSorted();
}

describe("docs/SPEC.md", () => {
  let found: readonly Found[] = [];
  beforeAll(async () => {
    const runners = [...new Set(filesOf(guarantees).flatMap(runnersOf))];
    const program = [join(import.meta.dirname, "collect.ts"), ...runners];
    const { stdout } = await promisify(execFile)(process.execPath, program, {
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
      timeout: 170_000,
      // The variables of vitest are left out, because the new vitest is not a worker of this run.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$)/.test(name))),
    });
    const collected = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { found: Found[]; errors: string[] };
    expect(collected.errors).toEqual([]);
    ({ found } = collected);
  }, 180_000);

  it.each(guarantees)(
    "$name is enforced by tests that a run has, under these names, and skips nowhere",
    ({ evidence }) => {
      expect(evidence.flatMap((line) => complaint(line, runnersOf(line.file), found) ?? [])).toEqual([]);
    },
  );
});
