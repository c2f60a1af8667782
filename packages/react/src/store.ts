import { useSyncExternalStore } from "react";
import type { Frame } from "./frame.ts";

/** A snapshot that components show, and how they hear that it changed. */
export interface Store<T> {
  /** The same object until something changes; changes are shown with the next frame. */
  get(): T;
  /** What a server renders, and a page that takes over what a server rendered. */
  readonly server: T;
  subscribe(listener: () => void): () => void;
}

export interface StoreDeps<T> {
  readonly frame: Frame;
  readonly server: T;
  /** The present snapshot: `before` when nothing has changed. */
  read(before: T): T;
  /** Called when a component begins to listen: from now on `changed` has to be called after each change. May be called again. */
  attach(changed: () => void): void;
}

/** Nothing is heard before a component is on the page: React may throw away what it has rendered. */
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
  /** While no component listens, no change is reported: the snapshot may be old. */
  const get = (): T => (listeners.size > 0 ? snapshot : (snapshot = read(snapshot)));
  return {
    get,
    server,
    subscribe(listener) {
      const own = (): void => listener();
      attach(changed);
      // It may have changed since the component was rendered.
      get();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}

/** What functions do where there is no relay. */
export const nothing = (): undefined => undefined;

export function useStore<T>({ subscribe, get, server }: Store<T>): T {
  return useSyncExternalStore(subscribe, get, () => server);
}
