import { memoryStorage } from "@docrelay/client";
import { describe, expect, it } from "vitest";
import { createDrafts } from "./drafts.ts";
import { createUnsent } from "./unsent.ts";

const stored = { upload: "u1", name: "a.pdf", size: 10 };
const cut = { upload: "u2", name: "b.pdf", size: 20 };

describe("drafts", () => {
  it("are kept by conversation, over a reload", () => {
    const storage = memoryStorage();
    createDrafts(storage).write("one", { text: "half a quest", files: [stored], cut: [cut] });
    createDrafts(storage).write("two", { text: "other" });
    const reloaded = createDrafts(storage);
    expect(reloaded.read("one")).toMatchObject({ text: "half a quest", files: [stored], cut: [cut] });
    expect(reloaded.read("two")?.files).toBeUndefined();
    expect(reloaded.read("three")).toBeUndefined();
  });
  it("end when they are empty; that all files were removed is remembered", () => {
    const drafts = createDrafts(memoryStorage());
    drafts.write("one", { text: "x" });
    drafts.write("one", { text: "" });
    expect(drafts.read("one")).toBeUndefined();
    drafts.write("one", { text: "", files: [] });
    expect(drafts.read("one")?.files).toEqual([]);
  });
  it("are at most 30, the newest", () => {
    const drafts = createDrafts(memoryStorage());
    for (let n = 0; n < 31; n++) drafts.write(`c${n}`, { text: "x" });
    expect(drafts.read("c0")).toBeUndefined();
    expect(drafts.read("c1")).toBeDefined();
  });
  it.each([
    "{",
    "7",
    '[7, {"conversation": 1}, {"conversation": "one"}]',
    '[{"conversation":"one","text":"x","files":[7]}]',
  ])("are read from %s without a fault", (json) => {
    const storage = memoryStorage();
    storage.setItem("docrelay:drafts", json);
    expect(createDrafts(storage).read("one")?.files ?? []).toEqual([]);
  });
});

describe("questions that were not sent", () => {
  it("come back once, in their order, after a reload of their tab", () => {
    const tab = memoryStorage();
    const before = createUnsent(() => tab);
    before.hold("one", "a1", "first");
    before.hold("two", "a2", "elsewhere");
    before.hold("one", "a3", "second");
    before.hold("one", "a4", "was accepted");
    before.release("a4");
    const after = createUnsent(() => tab);
    expect(after.take("one", new Set())).toEqual(["first", "second"]);
    expect(after.take("one", new Set())).toEqual([]);
    expect(createUnsent(() => tab).take("two", new Set())).toEqual(["elsewhere"]);
  });
  it("stay held while they are on their way, so that no one asks them twice", () => {
    const tab = memoryStorage();
    const unsent = createUnsent(() => tab);
    unsent.hold("one", "a1", "on its way");
    unsent.hold("one", "a2", "refused");
    expect(unsent.take("one", new Set(["a1"]))).toEqual(["refused"]);
    expect(createUnsent(() => tab).take("one", new Set())).toEqual(["on its way"]);
  });
  it("are held until the page ends where the browser keeps nothing", () => {
    const unsent = createUnsent(() => {
      throw new DOMException("denied", "SecurityError");
    });
    unsent.hold("one", "a1", "first");
    expect(unsent.take("one", new Set())).toEqual(["first"]);
  });
});
