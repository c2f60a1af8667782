import { describe, expect, it } from "vitest";
import { isSparse } from "./scan.ts";

const lines = (...texts: string[]) => texts.map((text) => ({ text }));

describe("a page with next to no text", () => {
  it.each([
    ["nothing", lines()],
    ["a page number", lines("", "  17 ")],
    ["a stamp of a scanning program", lines("Scanned by SomeApp")],
    ["dots and dashes, however many", lines(". - ".repeat(200))],
  ])("has %s", (_what, page) => {
    expect(isSparse(page)).toBe(true);
  });

  it.each([
    ["a sentence", lines("This page has a sentence of its own.")],
    ["a sentence of Chinese", lines("这里上游源码树中的文件没有恢复到", "原始状态的必要在这一节中")],
    ["numbers in a table", lines("1,234\t5,678", "9,012\t3,456", "7,890\t1,234")],
  ])("has not: %s", (_what, page) => {
    expect(isSparse(page)).toBe(false);
  });
});
