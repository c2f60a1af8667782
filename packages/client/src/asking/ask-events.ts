import type { Event } from "../wire/contract.ts";
import { createQueue, type Queue } from "./queue.ts";

/** The events of one ask, kept for any number of readers: each reader gets all events from the first one on. */
export interface AskEvents {
  push(event: Event): void;
  /** Forgets the events, because the server's log was replaced; readers then get the events of the new log. */
  clear(): void;
  /** Ends all readers, also those that begin later. If an `error` is given, readers throw it after the last event. */
  end(error?: unknown): void;
  read(): AsyncIterable<Event>;
}

export function createAskEvents(): AskEvents {
  const readers = new Set<Queue<Event>>();
  const events: Event[] = [];
  let ended = false;
  let failure: unknown;
  return {
    push(event) {
      events.push(event);
      for (const reader of readers) reader.push(event);
    },
    clear: () => void (events.length = 0),
    end(error) {
      ended = true;
      failure ??= error;
      for (const reader of readers) reader.end(error);
    },
    read() {
      const reader = createQueue<Event>(() => readers.delete(reader));
      readers.add(reader);
      for (const event of events) reader.push(event);
      if (ended) reader.end(failure);
      return reader;
    },
  };
}
