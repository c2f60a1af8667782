import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createGathering } from "./gathering.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function gather(): { add(name: string, item: number): void; emitted: number[][] } {
  const emitted: number[][] = [];
  const { add } = createGathering<number>({ withinMs: 100, most: 3, emit: (items) => void emitted.push([...items]) });
  return { add, emitted };
}

it("emits the first at once, and those after it together", () => {
  const { add, emitted } = gather();
  for (const n of [1, 2, 3]) add("a", n);
  expect(emitted).toEqual([[1]]);
  vi.advanceTimersByTime(100);
  expect(emitted).toEqual([[1], [2, 3]]);
  add("a", 4);
  expect(emitted).toHaveLength(2);
  vi.advanceTimersByTime(100);
  expect(emitted[2]).toEqual([4]);
  vi.advanceTimersByTime(100);
  add("a", 5);
  expect(emitted[3]).toEqual([5]);
});

it("keeps names apart, and nothing of a name that is idle", () => {
  const { add, emitted } = gather();
  add("a", 1);
  add("b", 2);
  expect(emitted).toEqual([[1], [2]]);
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});

it("emits no more than may be at once", () => {
  const { add, emitted } = gather();
  for (const n of [1, 2, 3, 4, 5]) add("a", n);
  expect(emitted).toEqual([[1], [2, 3, 4]]);
  vi.advanceTimersByTime(100);
  expect(emitted.at(-1)).toEqual([5]);
});
