import type { Event } from "@docrelay/protocol";
import type { Listener } from "./follower.ts";

/** Many listeners behind one, and the events so far for listeners that come later. */
export interface Fan {
  /** Passes everything on to all listeners. */
  readonly all: Required<Listener>;
  /** Adds a listener, which gets the kept events at once; returns how to remove it. */
  add(listener: Listener): () => void;
  /** Removes all listeners and events. */
  clear(): void;
}

/** Events kept for later listeners: twice what a server keeps of a conversation. */
const MAX_KEPT = 10_000;

/** `onEvent` is called with each event before the listeners are. */
export function createFan(onEvent: (event: Event) => void): Fan {
  const listeners = new Set<Listener>();
  const kept: Event[] = [];

  /** A listener that throws must not keep events from the others: its error is thrown apart, as uncaught. */
  function tell(say: (listener: Listener) => void): void {
    for (const listener of [...listeners]) {
      try {
        say(listener);
      } catch (error) {
        setTimeout(() => {
          throw error;
        });
      }
    }
  }
  return {
    all: {
      event(event) {
        kept.push(event);
        if (kept.length > MAX_KEPT) kept.shift();
        onEvent(event);
        tell((listener) => listener.event(event));
      },
      progress: (progress) => tell((listener) => listener.progress?.(progress)),
      reset() {
        kept.length = 0;
        tell((listener) => listener.reset?.());
      },
      failed: (error) => tell((listener) => listener.failed?.(error)),
      closed: () => tell((listener) => listener.closed?.()),
    },
    add(listener) {
      for (const event of kept) listener.event(event);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    clear() {
      listeners.clear();
      kept.length = 0;
    },
  };
}
