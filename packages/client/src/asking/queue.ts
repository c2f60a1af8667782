/** Items for one reader, as an async iterable. Bounded: when the reader falls too far behind, it fails. */
export interface Queue<T> extends AsyncIterable<T> {
  push(item: T): void;
  end(error?: unknown): void;
}

const MOST = 10_000;

export function createQueue<T>(onReturn: () => void): Queue<T> {
  const items: T[] = [];
  let ended: { error?: unknown } | undefined;
  let ring: (() => void) | undefined;
  const queue: Queue<T> = {
    push(item) {
      if (ended) return;
      if (items.length >= MOST) return queue.end(new Error(`the reader is ${MOST} events behind`));
      items.push(item);
      ring?.();
    },
    end(error) {
      ended ??= error === undefined ? {} : { error };
      ring?.();
    },
    async *[Symbol.asyncIterator]() {
      try {
        while (true) {
          const item = items.shift();
          if (item !== undefined) yield item;
          else if (ended) break;
          else await new Promise<void>((resolve) => (ring = resolve));
        }
        if (ended && "error" in ended) throw ended.error;
      } finally {
        onReturn();
      }
    },
  };
  return queue;
}
