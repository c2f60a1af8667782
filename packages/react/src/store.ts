import { useSyncExternalStore } from "react";
import type { Frame } from "./frame.ts";

/** A snapshot that components show, with a way to listen to its changes. */
export interface Store<T> {
  /** Returns the snapshot: the same object until something changes. Changes are shown with the next frame. */
  get(): T;
  /** The snapshot for rendering on a server, and for a page that takes over that rendering. */
  readonly server: T;
  subscribe(listener: () => void): () => void;
}

export interface StoreDeps<T> {
  readonly frame: Frame;
  readonly server: T;
  /** Returns the current snapshot; `before` when nothing has changed. */
  read(before: T): T;
  /**
   * Called when the first component begins to listen: from then on the store must call `changed` after each change. May
   * be called again.
   */
  attach(changed: () => void): void;
}

/**
 * Creates a store. It listens to nothing before a component is mounted, because React may discard what it has rendered.
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
  /** While no component listens no change is reported, so the snapshot may be old and is read again. */
  const get = (): T => (listeners.size > 0 ? snapshot : (snapshot = read(snapshot)));
  return {
    get,
    server,
    subscribe(listener) {
      const own = (): void => listener();
      attach(changed);
      // The snapshot may have changed since the component was rendered.
      get();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}

/** The functions of a view without a relay: they do nothing. */
export const nothing = (): undefined => undefined;

export function useStore<T>({ subscribe, get, server }: Store<T>): T {
  return useSyncExternalStore(subscribe, get, () => server);
}
