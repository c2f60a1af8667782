import { describe, expect, it } from "vitest";
import { cyclesOf } from "./cycles.ts";
import { folderGraph, relativeImports } from "./import-graph.ts";

const graph = (edges: Record<string, string[]>): Map<string, string[]> => new Map(Object.entries(edges));

describe("cycles of a graph", () => {
  it("are found, each once, whatever leads to them", () => {
    const edges = { a: ["b", "d"], b: ["c"], c: ["a"], d: ["e"], e: ["f"], f: ["e", "g"], g: [], h: ["h"], i: ["a"] };
    expect(cyclesOf(graph(edges))).toEqual([["a", "b", "c"], ["e", "f"], ["h"]]);
  });

  it("are none where two ways lead to the same node", () => {
    expect(cyclesOf(graph({ a: ["b", "c"], b: ["d"], c: ["d", "outside"], d: [] }))).toEqual([]);
  });

  it("between folders are found where no file is in one", () => {
    const files = graph({
      "apps/x/src/main.ts": ["apps/x/src/a/one.ts"],
      "apps/x/src/a/one.ts": ["apps/x/src/b/two.ts", "apps/x/src/a/three.ts"],
      "apps/x/src/a/three.ts": [],
      "apps/x/src/b/two.ts": ["apps/x/src/a/three.ts", "apps/x/src/root.ts"],
      "apps/x/src/root.ts": [],
    });
    expect(cyclesOf(files)).toEqual([]);
    expect(cyclesOf(folderGraph(files))).toEqual([["apps/x/src/a", "apps/x/src/b"]]);
  });
});

it("imports of every form are read, and none from comments", () => {
  const source = `
import a from "./a.ts";
import type { B } from "../b.ts";
import {
  c,
  type D,
} from './c/d.ts';
import "./effect.ts";
export * from "./e.ts";
export { f, type G } from "./f.ts";
type H = typeof import("./h.ts");
const i = await import("./i.ts");
import { z } from "zod";
// import j from "./j.ts";
/* import k from "./k.ts"; */
`;
  const names = ["./a.ts", "../b.ts", "./c/d.ts", "./effect.ts", "./e.ts", "./f.ts", "./h.ts", "./i.ts"];
  expect(relativeImports(source)).toEqual(names);
});
