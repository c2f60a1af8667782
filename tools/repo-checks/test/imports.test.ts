import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { cyclesOf } from "../src/cycles.ts";
import { fileGraph, folderGraph } from "../src/import-graph.ts";

const ROOT = join(import.meta.dirname, "../../..");
const MOST_FILES = 18;

/** Cycles that are still there. A cycle that is gone has to go from this list, too. */
const KNOWN_CYCLES: string[][] = [
  [
    "packages/channel/src/blob-store-file.ts",
    "packages/channel/src/blob-store-redis.ts",
    "packages/channel/src/blob-store.ts",
  ],
  ["packages/client/src/answer.ts", "packages/client/src/conversation.ts"],
  ["packages/pdf/src/child-process.ts", "packages/pdf/src/starving.ts"],
  ["packages/pdf/src/page-engine.ts", "packages/pdf/src/pdf-parse-engine.ts", "packages/pdf/src/pdfium-engine.ts"],
];

/** Folders that still hold more files than {@link MOST_FILES}; one that no longer does has to go from this list, too. */
const LARGE_FOLDERS: string[] = [
  "apps/edge/src",
  "apps/worker/src",
  "packages/channel/src",
  "packages/pdf/src",
  "tools/bench/src",
  "tools/chaos/src",
];

const files = fileGraph(ROOT);

describe("imports below src/, types included", () => {
  it("are read: every import leads to a file that is there", () => {
    expect(files.size).toBeGreaterThan(200);
    expect([...files.values()].flat().length).toBeGreaterThan(files.size);
    const missing = [...files].flatMap(([file, imports]) =>
      imports.filter((path) => /\.tsx?$/.test(path) && !files.has(path)).map((path) => `${file} → ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it("have no cycle between files", () => {
    expect(cyclesOf(files)).toEqual(KNOWN_CYCLES);
  });

  it("have no cycle between folders", () => {
    const isFolder = (node: string): boolean => !/\.tsx?$/.test(node);
    expect(cyclesOf(folderGraph(files)).filter((cycle) => cycle.some(isFolder))).toEqual([]);
  });
});

it(`a folder holds at most ${MOST_FILES} source files`, () => {
  const counts = Map.groupBy(files.keys(), (file) => dirname(file));
  const large = [...counts].filter(([, names]) => names.length > MOST_FILES).map(([folder]) => folder);
  expect(large.toSorted()).toEqual(LARGE_FOLDERS);
});
