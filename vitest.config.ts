import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

if (!existsSync(join(import.meta.dirname, "../shared")))
  process.stdout.write("../shared is not there: tests run on the project's own files alone\n");

// Minutes each, so apart from `npm test`; the whole check has them.
// Deliberately broken variants, kills at every step, and one who sends too much beside those who do not: one file at a time.
const LONG = ["tools/chaos/test/**/*.e2e.test.ts", "tools/bench/src/abuse/run-abuses.e2e.test.ts"];
// A browser, the libraries of others, engines in other languages, packages that are installed and built, the chart as Helm
// renders it, the alerts as Prometheus reads them, waits for what is declared dead, clusters and replicas of Redis, what a whole set-up leaves behind, the PDF engines one by one, scans read by OCR,
// every kind of load, mutations of the code.
const SLOW = [
  "apps/local/test/{page-*,redis-cluster,react,ai-sdk,openai,corpus,quiet-outputs,tutorials}.e2e.test.ts",
  "apps/worker/test/standstill.e2e.test.ts",
  "apps/worker/src/extract/extract-scan.redis.test.ts",
  "apps/local/test/failover.e2e.test.ts",
  "apps/local/test/recipes.e2e.test.ts",
  "apps/local/test/{own-data,data-key,redis-rights,tracing,programs,start-faults,original,http,edge-death}.e2e.test.ts",
  "apps/edge/test/slow-readers.e2e.test.ts",
  "tools/bench/src/{main,runs/metrics,runs/run,runs/scale}.e2e.test.ts",
  "{packages/engine/test/starter-engines,apps/worker/test/engine-stacks}.e2e.test.ts",
  "packages/platform/src/cluster/cluster.redis.test.ts",
  "packages/channel/src/redis/{replicas,cluster}.redis.test.ts",
  "packages/pdf/src/{corpus-shared,extractor-pdfium,extractor-pdf-parse,children/core-watch,reading/backward-reader,ocr/recogniser,ocr/read-scans}.test.ts",
  "tools/bundle/test/{examples,published}.e2e.test.ts",
  "tools/repo-checks/test/{alerts,chart,spec-tests,mutations.e2e}.test.ts",
];

// The files of a worker share its modules. With a process and an import of everything for each file, tests took twice the
// CPU. So a test undoes what it changes in its process: clocks, environment.
const isolate = false;

// These projects serve the page, which is built before them.
const globalSetup = ["bootstrap/build-page.mjs"];

// Packages that others install are tested as sources; what is built of them is read outside of this repository.
const conditions = ["@docrelay/source", "module", "node", "development|production"];

// Waits for a condition are long enough for a machine that does much else; a test of a time states it.
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
          // More than vitest would take on two cores: most of these tests wait for a process or a clock.
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
          // Whole clusters of processes, each with a Redis and ports of its own: more would starve each other.
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
