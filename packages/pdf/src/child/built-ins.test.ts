import { builtinModules } from "node:module";
import { expect, it } from "vitest";
import { kindOf, mayLoad } from "./built-ins.ts";

it.each(builtinModules)("%s, a built-in module of this Node, is known", (name) => {
  expect(kindOf(name)).toBeDefined();
});

it("a module that nobody has looked at cannot be loaded", () => {
  expect([mayLoad("node:fs"), mayLoad("node:sqlite"), mayLoad("node:of-a-newer-node")]).toEqual([true, false, false]);
});
