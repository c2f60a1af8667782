import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{apps,packages}/*/{src,test}/**/*.test.ts"],
          exclude: ["**/*.e2e.test.ts", "**/node_modules/**"],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Whole clusters of processes: one file at a time, so that they do not starve each other.
          name: "e2e",
          include: ["{apps,packages}/*/{src,test}/**/*.e2e.test.ts"],
          exclude: ["apps/chaos/**", "**/node_modules/**"],
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        test: {
          // Deliberately broken variants and kills at every step: minutes, so apart from `npm test`. `.ci/run` has them.
          name: "chaos",
          include: ["apps/chaos/test/**/*.e2e.test.ts"],
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
