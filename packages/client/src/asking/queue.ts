/** Items for one reader, as an async iterable. Reading fails if the reader has left too many items unread. */
export interface Queue<T> extends AsyncIterable<T> {
  push(item: T): void;
  end(error?: unknown): void;
}

const MAX_ITEMS = 10_000;

export function createQueue<T>(onReturn: () => void): Queue<T> {
  const items: T[] = [];
  let ended: { error?: unknown } | undefined;
  let wakeReader: (() => void) | undefined;
  const queue: Queue<T> = {
    push(item) {
      if (ended) return;
      if (items.length >= MAX_ITEMS) return queue.end(new Error(`the reader is ${MAX_ITEMS} events behind`));
      items.push(item);
      wakeReader?.();
    },
    end(error) {
      ended ??= error === undefined ? {} : { error };
      wakeReader?.();
    },
    async *[Symbol.asyncIterator]() {
      try {
        while (true) {
          const item = items.shift();
          if (item !== undefined) yield item;
          else if (ended) break;
          else await new Promise<void>((resolve) => (wakeReader = resolve));
        }
        if (ended && "error" in ended) throw ended.error;
      } finally {
        onReturn();
      }
    },
  };
  return queue;
}
