import { tellAll } from "../tell-all.ts";
import { unreachable, type RelayError } from "../wire/relay-error.ts";

/** `offline` comes back by itself; `closed` is for good. */
export type RelayState = "connecting" | "online" | "offline" | "closed";
export type StateListener = (state: RelayState, error?: RelayError) => void;

/** The state of a connection, and everything that waits for a change of it. */
export interface States {
  readonly now: RelayState;
  /** Sets the state and calls the listeners, unless neither it nor the error's code changes. After `closed` nothing does. */
  become(next: RelayState, error?: RelayError): void;
  /** Calls the listener at each change from now on; returns how to stop. */
  onChange(listener: StateListener): () => void;
  /** Waits for `online`. @throws RelayError when it does not come in `withinMs`, else the signal's reason. */
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
      // A listener may add another one, which is told of later changes only.
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
