import type { Reader } from "./wire/read.ts";

/** A store of strings by key, such as `localStorage`. */
export interface Storage {
  readonly length: number;
  /** Returns the key at an index below `length`. The storage decides the order. */
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Creates a storage in memory. It is gone when the process or page ends. */
export function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/**
 * Creates a storage that uses `localStorage`. What the browser does not keep, because site data is blocked or the
 * storage is full, is kept in memory until the page ends; `onLost` is called when that happens for the first time.
 * Outside a browser everything is kept in memory.
 */
export function browserStorage(onLost?: () => void): Storage {
  const memory = memoryStorage();
  let lost = false;
  /**
   * Calls `use` with `localStorage`; undefined if that throws. Where site data is blocked, even reading the variable
   * throws.
   */
  function tryStorage<T>(use: (storage: Storage) => T): { result: T } | undefined {
    try {
      return { result: use((globalThis as { localStorage: Storage }).localStorage) };
    } catch {
      if (!lost) onLost?.();
      lost = true;
      return undefined;
    }
  }
  const keys = (): string[] => [
    ...new Set([...keysOf(memory), ...(tryStorage((storage) => keysOf(storage))?.result ?? [])]),
  ];
  /**
   * The keys as they were when `length` was last read. Listing all keys anew for each index would cost the square of
   * their number.
   */
  let listed: string[] = [];
  return {
    get length() {
      return (listed = keys()).length;
    },
    key: (index) => listed[index] ?? null,
    getItem: (key) => memory.getItem(key) ?? tryStorage((storage) => storage.getItem(key))?.result ?? null,
    setItem(key, value) {
      if (tryStorage((storage) => storage.setItem(key, value))) memory.removeItem(key);
      else memory.setItem(key, value);
    },
    removeItem(key) {
      memory.removeItem(key);
      tryStorage((storage) => storage.removeItem(key));
    },
  };
}

/** Returns all keys of a storage. */
export function keysOf(storage: Storage): string[] {
  return Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
}

/** Reads a JSON value; undefined when there is none, when it is unreadable, or when the storage throws. */
export function readJson<T>(storage: Storage, key: string, read: Reader<T>): T | undefined {
  try {
    return read(JSON.parse(storage.getItem(key) ?? "null"));
  } catch {
    return undefined;
  }
}

/** Writes a JSON value. Errors of the storage are ignored: without the value, only a reload is less smooth. */
export function writeJson(storage: Storage, key: string, value: unknown): void {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // The storage is full, or the browser does not permit it: the value is not stored.
  }
}

/** Removes a value; errors of the storage are ignored. */
export function removeKey(storage: Storage, key: string): void {
  try {
    storage.removeItem(key);
  } catch {
    // The browser does not permit the storage, so nothing was kept in it either.
  }
}
