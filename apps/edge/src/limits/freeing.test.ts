import { expect, it } from "vitest";
import { createFreeing, type FreeingRule } from "./freeing.ts";

const MB = 1_000_000;

function createMemory() {
  const memory = { live: 0, young: 0, old: 0, collected: [] as string[], now: 0, majorMs: 0 };
  const rule: FreeingRule = {
    stepBytes: 4 * MB,
    slackBytes: 12 * MB,
    bufferBytes: () => memory.live + memory.young + memory.old,
    collect(kind) {
      memory.collected.push(kind);
      memory.young = 0;
      if (kind === "minor") return;
      memory.old = 0;
      memory.now += memory.majorMs;
    },
    now: () => memory.now,
  };
  const freeing = createFreeing(rule);
  const receive = (to: "live" | "young" | "old", megabytes: number): void => {
    for (let n = 0; n < megabytes; n++) {
      memory[to] += MB;
      freeing.received(MB);
    }
  };
  return { memory, rule, receive };
}

it("keeps dead buffers within the slack and two steps, with minor collections alone where these help", () => {
  const { memory, rule, receive } = createMemory();
  for (let n = 0; n < 200; n++) {
    receive("young", 1);
    expect(rule.bufferBytes()).toBeLessThanOrEqual(20 * MB);
  }
  expect(new Set(memory.collected)).toEqual(new Set(["minor"]));
});

it("frees dead buffers that minor collections leave", () => {
  const { rule, receive } = createMemory();
  for (let n = 0; n < 200; n++) {
    receive("old", 1);
    expect(rule.bufferBytes()).toBeLessThanOrEqual(24 * MB);
  }
});

it("collects nothing while little is received, and seldom for buffers that are in use", () => {
  const { memory, receive } = createMemory();
  receive("young", 12);
  expect(memory.collected).toEqual([]);
  memory.young = 0;
  receive("live", 100);
  expect(memory.collected.filter((kind) => kind === "major").length).toBeLessThanOrEqual(6);
  const before = memory.collected.length;
  receive("young", 12);
  expect(memory.collected.length - before).toBeLessThanOrEqual(2);
});

it("spends no more than a fifth of the time with major collections", () => {
  const { memory, receive } = createMemory();
  memory.majorMs = 100;
  for (let n = 0; n < 1000; n++) {
    receive("old", 4);
    memory.now += 10;
  }
  const spent = 100 * memory.collected.filter((kind) => kind === "major").length;
  expect(spent).toBeGreaterThan(0);
  expect(spent / memory.now).toBeLessThanOrEqual(0.2);
});
