import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

if (!existsSync(join(import.meta.dirname, "../shared")))
  process.stdout.write("../shared is not there: tests run on the project's own files alone\n");

// Tests that take minutes each, so only the whole check runs them, one file at a time: deliberately broken variants,
// kills at every step, and a client that sends too much beside honest ones.
const LONG = ["tools/chaos/test/**/*.e2e.test.ts", "tools/bench/src/abuse/run-abuses.e2e.test.ts"];
// Tests that only the whole check runs, because they take long or need programs that may be missing: browsers, engines
// in other languages, packages that are installed and built, the Helm chart, the alerts, clusters and replicas of
// Redis, PDF engines one by one, OCR, load, mutations of the code.
const SLOW = [
  "apps/local/test/{page-*,redis-cluster,react,ai-sdk,openai,corpus,quiet-outputs,tutorials}.e2e.test.ts",
  "apps/worker/test/standstill.e2e.test.ts",
  "apps/worker/src/extract/{extract-scan,queue-master}.redis.test.ts",
  "apps/local/test/failover.e2e.test.ts",
  "apps/local/test/recipes.e2e.test.ts",
  "apps/local/test/{own-data,data-key,redis-rights,tracing,programs,start-faults,original,http,edge-death}.e2e.test.ts",
  "apps/edge/test/slow-readers.e2e.test.ts",
  "tools/bench/src/{main,runs/metrics,runs/run,runs/scale}.e2e.test.ts",
  "{packages/engine/test/starter-engines,apps/worker/test/engine-stacks}.e2e.test.ts",
  "packages/platform/src/cluster/cluster.redis.test.ts",
  "packages/channel/src/redis/{replicas,cluster}.redis.test.ts",
  "packages/pdf/src/{corpus-shared,extractor-pdfium,extractor-pdf-parse,children/core-watch,reading/backward-reader,ocr/recogniser,ocr/read-scans,ocr/read-figures}.test.ts",
  "tools/bundle/test/{examples,published}.e2e.test.ts",
  "tools/repo-checks/test/{alerts,chart,spec-tests,mutations.e2e}.test.ts",
];

// The test files of one vitest worker share its modules: with a process for each file, which imports everything again,
// tests took twice the CPU. So each test must undo what it changes in its process, such as clocks and environment
// variables.
const isolate = false;

// Builds the page before the tests of a project whose edges serve it.
const globalSetup = ["bootstrap/build-page.mjs"];

// The tests import the sources of packages that others install, not their built files.
const conditions = ["@docrelay/source", "module", "node", "development|production"];

// How long `expect.poll` waits at most: enough for a busy machine. A test that checks how long something takes passes its
// own timeout.
const expect = { poll: { timeout: 100_000 } };

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      {
        test: {
          name: "unit",
          expect,
          isolate,
          include: ["{apps,packages,tools}/*/{src,test}/**/*.test.ts"],
          exclude: [...SLOW, "**/*.e2e.test.ts", "**/node_modules/**"],
          // On two cores vitest would run fewer files at a time, but most unit tests only wait for a process or a
          // clock.
          maxWorkers: 4,
          sequence: { groupOrder: 2 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "e2e",
          expect,
          isolate,
          globalSetup,
          include: ["{apps,packages,tools}/*/{src,test}/**/*.e2e.test.ts"],
          exclude: [...LONG, ...SLOW, "**/node_modules/**"],
          // Each e2e test file runs a cluster of processes with a Redis of its own; more files at a time would starve
          // each other.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "slow",
          expect,
          isolate,
          globalSetup,
          include: SLOW,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "long",
          expect,
          include: LONG,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
