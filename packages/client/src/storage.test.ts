import { afterEach, expect, test, vi } from "vitest";
import { browserStorage, keysOf, memoryStorage, type Storage } from "./storage.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("the keys of a browser's storage are read once each, however many other applications have put there", () => {
  const kept = memoryStorage();
  for (let index = 0; index < 500; index++) kept.setItem(`other ${index}`, "");
  let reads = 0;
  const counted: Storage = {
    get length() {
      return kept.length;
    },
    key(index) {
      reads++;
      return kept.key(index);
    },
    getItem: (key) => kept.getItem(key),
    setItem: (key, value) => kept.setItem(key, value),
    removeItem: (key) => kept.removeItem(key),
  };
  vi.stubGlobal("localStorage", counted);
  expect(keysOf(browserStorage())).toHaveLength(500);
  expect(reads).toBe(500);
});
