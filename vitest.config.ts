import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

if (!existsSync(join(import.meta.dirname, "../shared")))
  process.stdout.write("../shared is not there: tests run on the project's own files alone\n");

// Deliberately broken variants and kills at every step; eight edges at once; every kind of load.
const LONG = [
  "tools/chaos/test/**/*.e2e.test.ts",
  "tools/repo-checks/test/mutations.e2e.test.ts",
  "tools/bench/src/runs/{run,scale}.e2e.test.ts",
];

export default defineConfig({
  test: {
    // One more than vitest would take on two cores: most of these tests wait for a process or a clock.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          include: ["{apps,packages,tools}/*/{src,test}/**/*.test.ts"],
          exclude: ["**/*.e2e.test.ts", "**/node_modules/**"],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Whole clusters of processes: one file at a time, so that they do not starve each other.
          name: "e2e",
          include: ["{apps,packages,tools}/*/{src,test}/**/*.e2e.test.ts"],
          exclude: [...LONG, "**/node_modules/**"],
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        test: {
          // Minutes, so apart from `npm test`; the whole check has them.
          name: "long",
          include: LONG,
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
