/**
 * Returns a function that calls `make` once for each key, and then returns the same value as long as the key exists.
 */
export function oneFor<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}
