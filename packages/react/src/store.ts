import { useSyncExternalStore } from "react";
import type { Frame } from "./frame.ts";

/** A value that components show (a snapshot), and listeners for its changes. */
export interface Store<T> {
  /**
   * Returns the snapshot: the same object until something changes. A change is visible from the browser's next frame
   * on.
   */
  get(): T;
  /** The snapshot that is used while a web page is rendered on a server, and while a browser hydrates that page. */
  readonly server: T;
  subscribe(listener: () => void): () => void;
}

export interface StoreDeps<T> {
  readonly frame: Frame;
  readonly server: T;
  /** Returns the current snapshot. `before` is the last one, which is returned if nothing has changed. */
  read(before: T): T;
  /**
   * Called when a component begins to listen: from then on, the store must call `changed` after each change. May be
   * called several times.
   */
  attach(changed: () => void): void;
}

/**
 * Creates a store. The store listens to nothing until a component that shows it is mounted: React may discard a
 * rendered component without mounting it, and nothing would then end the listening.
 */
export function createStore<T>({ frame, server, read, attach }: StoreDeps<T>): Store<T> {
  const listeners = new Set<() => void>();
  let snapshot = server;

  function refresh(): void {
    const next = read(snapshot);
    if (next === snapshot) return;
    snapshot = next;
    for (const listener of listeners) listener();
  }
  const changed = (): void => {
    if (listeners.size > 0) frame(refresh);
  };
  /** While no component listens, the store does not hear of changes, so the snapshot is read anew each time. */
  const get = (): T => (listeners.size > 0 ? snapshot : (snapshot = read(snapshot)));
  return {
    get,
    server,
    subscribe(listener) {
      const own = (): void => listener();
      attach(changed);
      // Reads the value anew if this is the first listener: it may have changed since the component was rendered.
      get();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}

/** Does nothing. Views have this function in place of their own functions if there is no relay. */
export const nothing = (): undefined => undefined;

export function useStore<T>({ subscribe, get, server }: Store<T>): T {
  return useSyncExternalStore(subscribe, get, () => server);
}
