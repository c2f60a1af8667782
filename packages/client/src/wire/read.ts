/**
 * Checks an untrusted value and returns it as a `T`, without the fields that `T` does not have. @throws Unreadable
 *
 * A schema library would do the same, but would be a third of this package's size in a browser. The types make the
 * readers complete: if a type of `@docrelay/protocol` has a field that its reader lacks, the code does not compile.
 */
export type Reader<T> = (value: unknown) => T;
export type Fields<T> = { readonly [K in keyof T]-?: Reader<T[K]> };

/** The error for a value that does not fit the contract. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}

export const text = reader("a text", (value): value is string => typeof value === "string");
export const flag = reader("true or false", (value): value is boolean => typeof value === "boolean");
export const number = reader("a number", (value): value is number => Number.isFinite(value));
export const int = reader("an integer", (value): value is number => Number.isSafeInteger(value));
export const index = reader("0 or more", (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0);
export const count = reader("1 or more", (value): value is number => Number.isSafeInteger(value) && Number(value) > 0);

export function literal<const V extends string | number | boolean>(expected: V): Reader<V> {
  return reader(String(expected), (value): value is V => value === expected);
}

/**
 * Makes a `Reader` for a value that is one of `words`. Any other value is read as `otherwise`; without `otherwise`, any
 * other value is an error.
 */
export function oneOf<V extends string>(words: readonly V[], otherwise?: V): Reader<V> {
  return (value) => {
    const found = words.find((word) => word === value) ?? otherwise;
    if (found === undefined) throw new Unreadable(`not one of ${words.join(", ")}`);
    return found;
  };
}

export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value) => (value === undefined ? undefined : read(value));
}

export function nullable<T>(read: Reader<T>): Reader<T | null> {
  return (value) => (value === null ? null : read(value));
}

export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new Unreadable("not a list");
    return value.map((item) => read(item));
  };
}

export function object<T extends object>(fields: Fields<T>): Reader<T> {
  return (value) => {
    if (!isRecord(value)) throw new Unreadable("not an object");
    const known: Partial<T> = {};
    for (const name in fields) {
      const field = fields[name](value[name]);
      if (field !== undefined) known[name] = field;
    }
    return known as T;
  };
}

/** Reads a value; returns undefined when it is invalid. */
export function tryRead<T>(read: Reader<T>, value: unknown): T | undefined {
  try {
    return read(value);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function reader<T>(what: string, fits: (value: unknown) => value is T): Reader<T> {
  return (value) => {
    if (!fits(value)) throw new Unreadable(`not ${what}`);
    return value;
  };
}
