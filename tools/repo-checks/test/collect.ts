import { relative } from "node:path";
import { createVitest, type TestCase, type TestSuite } from "vitest/node";
import { ROOT, type Found } from "./spec.ts";

/*
 * `node tools/repo-checks/test/collect.ts FILE…` loads test files as a test run would, runs none of their tests, and
 * prints the tests as JSON. Whether a test is skipped is decided while its file is loaded, so a test that is skipped
 * here is also skipped in a run.
 */

const vitest = await createVitest("test", { root: ROOT, watch: false, reporters: [], maxWorkers: 1, isolate: false });
const { testModules, unhandledErrors } = await vitest.collect(process.argv.slice(2), { staticParse: false });
const found: Found[] = testModules.flatMap((module) =>
  [...module.children.allTests()].map((test) => ({
    file: relative(ROOT, module.moduleId),
    names: namesOf(test),
    skipped: test.options.mode === "skip" || test.options.mode === "todo",
  })),
);
const errors = [...unhandledErrors, ...testModules.flatMap((module) => module.errors())].map(String);
process.stdout.write(`${JSON.stringify({ found, errors })}\n`);
await vitest.close();

/** Returns a test's name and the names of the suites around it. */
function namesOf(test: TestCase): string[] {
  const names = [test.name];
  for (let at: TestCase | TestSuite = test; at.parent.type === "suite"; at = at.parent) names.push(at.parent.name);
  return names;
}
