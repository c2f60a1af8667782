/** The first index that passes `test`, by binary search: all higher indexes pass, too. `length` if there is none. */
export function firstIndex(length: number, test: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The index of the first of the sorted numbers that is at least `value`. */
export function firstAtLeast(sorted: readonly number[], value: number): number {
  return firstIndex(sorted.length, (index) => sorted[index]! >= value);
}
