import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { cyclesOf } from "../src/cycles.ts";
import { fileGraph, folderGraph } from "../src/import-graph.ts";

const ROOT = join(import.meta.dirname, "../../..");
const MAX_FILES = 18;

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
    expect(cyclesOf(files)).toEqual([]);
  });

  it("have no cycle between folders", () => {
    const isFolder = (node: string): boolean => !/\.tsx?$/.test(node);
    expect(cyclesOf(folderGraph(files)).filter((cycle) => cycle.some(isFolder))).toEqual([]);
  });
});

it(`a folder holds at most ${MAX_FILES} source files`, () => {
  const counts = Map.groupBy(files.keys(), (file) => dirname(file));
  const large = [...counts].filter(([, names]) => names.length > MAX_FILES).map(([folder]) => folder);
  expect(large.toSorted()).toEqual([]);
});
