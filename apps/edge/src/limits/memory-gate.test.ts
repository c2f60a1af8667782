import { expect, it } from "vitest";
import { isNearlyFull } from "./memory-gate.ts";

it.each([
  ["used_memory:100\r\nmaxmemory:0\r\n", false],
  ["used_memory:85\r\nmaxmemory:100\r\n", false],
  ["used_memory:86\r\nmaxmemory:100\r\n", true],
  ["used_memory:90\r\nmem_not_counted_for_evict:10\r\nmaxmemory:100\r\n", false],
])("%j: %s", (info, isFull) => {
  expect(isNearlyFull(info)).toBe(isFull);
});
