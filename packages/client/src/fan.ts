import type { Event } from "./wire/contract.ts";
import type { Listener } from "./follower.ts";
import { tellAll } from "./tell-all.ts";

/** Passes events to many listeners, and keeps all events for listeners that are added later. */
export interface Fan {
  /** The listener to call: it passes everything on to all added listeners. */
  readonly all: Required<Listener>;
  /** Adds a listener and calls it with the kept events at once. Returns a function that removes the listener. */
  add(listener: Listener): () => void;
  /** Removes the kept events and all listeners except the first. */
  clear(): void;
}

/** How many events are kept for later listeners: twice as many as a server keeps of a conversation. */
const MAX_KEPT = 10_000;

/** @param first a listener that is never removed, and is called before all others */
export function createFan(first: Listener): Fan {
  const listeners = new Set<Listener>();
  const kept: Event[] = [];
  let isReady = false;

  function tell(say: (listener: Listener) => void): void {
    say(first);
    tellAll(listeners, say);
  }
  return {
    all: {
      event(event) {
        kept.push(event);
        if (kept.length > MAX_KEPT) kept.shift();
        tell((listener) => listener.event(event));
      },
      progress: (progress) => tell((listener) => listener.progress?.(progress)),
      ready() {
        isReady = true;
        tell((listener) => listener.ready?.());
      },
      reset() {
        kept.length = 0;
        isReady = false;
        tell((listener) => listener.reset?.());
      },
      failed: (error) => tell((listener) => listener.failed?.(error)),
      closed: () => tell((listener) => listener.closed?.()),
    },
    add(listener) {
      for (const event of kept) listener.event(event);
      if (isReady) listener.ready?.();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    clear() {
      listeners.clear();
      kept.length = 0;
      isReady = false;
    },
  };
}
