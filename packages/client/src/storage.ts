/** A small keeper of strings, such as `localStorage`. */
export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Forgets everything with the process. */
export function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/** Reads a JSON value; undefined when there is none that fits. A full or forbidden storage is like an empty one. */
export function readJson<T>(storage: Storage, key: string, fits: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(storage.getItem(key) ?? "null");
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a JSON value, if the storage takes it: what is kept here only makes a reload smoother. */
export function writeJson(storage: Storage, key: string, value: unknown): void {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // full, or forbidden by the browser
  }
}
