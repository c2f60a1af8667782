export interface Gathering<T> {
  add(name: string, item: T): void;
}

export interface GatheringOptions<T> {
  readonly withinMs: number;
  /** The most items that `emit` gets in one call. */
  readonly most: number;
  /** Receives items that were added under one `name`, in the order in which they were added. */
  emit(items: readonly [T, ...T[]]): void;
}

/**
 * Gathers items, so that one call of `emit` gets many of them. The first item that is added under a `name` is emitted
 * at once. Items that are added under the same `name` in the next `withinMs` are emitted together at the end of that
 * time, or as soon as there are `most`.
 */
export function createGathering<T>({ withinMs, most, emit }: GatheringOptions<T>): Gathering<T> {
  const waiting = new Map<string, T[]>();

  function flush(name: string): void {
    const [first, ...others] = waiting.get(name) ?? [];
    if (first === undefined) return void waiting.delete(name);
    wait(name);
    emit([first, ...others]);
  }
  function wait(name: string): void {
    waiting.set(name, []);
    setTimeout(flush, withinMs, name);
  }

  return {
    add(name, item) {
      const items = waiting.get(name);
      if (!items) {
        wait(name);
        emit([item]);
        return;
      }
      items.push(item);
      if (items.length < most) return;
      const [first = item, ...others] = items.splice(0);
      emit([first, ...others]);
    },
  };
}
