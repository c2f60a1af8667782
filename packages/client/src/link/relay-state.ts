import { tellAll } from "../tell-all.ts";
import { unreachable, type RelayError } from "../wire/relay-error.ts";

/**
 * The state of the connection. `offline`: the connection is lost and is made again by itself. `closed`: it stays
 * closed.
 */
export type RelayState = "connecting" | "online" | "offline" | "closed";
export type StateListener = (state: RelayState, error?: RelayError) => void;

/** The current state of a connection, and the listeners for its changes. */
export interface States {
  readonly now: RelayState;
  /**
   * Sets the state and calls the listeners, unless the state and the error's code are the same as before. After
   * `closed` it has no effect.
   */
  become(next: RelayState, error?: RelayError): void;
  /** Calls the listener at each later change of the state. Returns a function that removes the listener. */
  onChange(listener: StateListener): () => void;
  /**
   * Waits for the state `online`. @throws RelayError if the state is not `online` within `withinMs`; the signal's
   * reason.
   */
  online(withinMs: number, signal?: AbortSignal): Promise<void>;
}

export function createStates(): States {
  const listeners = new Set<StateListener>();
  let now: RelayState = "connecting";
  let why: RelayError | undefined;

  function onChange(listener: StateListener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
  return {
    get now() {
      return now;
    },
    become(next, error) {
      if (now === "closed" || (now === next && (!error || error.code === why?.code))) return;
      now = next;
      why = error;
      // A listener that is added while the listeners are called gets only later changes.
      tellAll(listeners, (listener) => listener(now, error));
    },
    onChange,
    async online(withinMs, signal) {
      signal?.throwIfAborted();
      if (now === "online") return;
      if (now === "closed") throw why ?? unreachable();
      return new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          clearTimeout(late);
          stop();
          signal?.removeEventListener("abort", abort);
          act();
        };
        const stop = onChange((next, error) => {
          if (next === "online") settle(resolve);
          if (next === "closed") settle(() => reject(error ?? unreachable()));
        });
        const abort = (): void => settle(() => reject(signal?.reason as Error));
        const late = setTimeout(() => settle(() => reject(unreachable(why))), Math.max(0, withinMs));
        signal?.addEventListener("abort", abort, { once: true });
      });
    },
  };
}
