import type { Limits, Relay, RelayError, RelayState } from "@docrelay/client";
import { createFrame, type Frame } from "./frame.ts";
import { oneFor } from "./one-for.ts";
import { createStore, type Store } from "./store.ts";

/** A connection as components show it. */
export interface RelayView {
  /** The connection itself; undefined where the provider has none, for example on a server. */
  readonly relay?: Relay | undefined;
  readonly state: RelayState;
  /** The reason for `offline` or `closed`, if it is known. */
  readonly error?: RelayError | undefined;
  /** The user's id as the server sent it, and the server's limits; undefined until the first connection. */
  readonly user?: string | undefined;
  readonly limits?: Limits | undefined;
}

/** The state that all components share of one relay. It lives as long as the relay, and never closes it. */
export interface RelayHub {
  readonly relay: Relay;
  readonly frame: Frame;
  readonly view: Store<RelayView>;
  /** The reason why the relay is `offline` or `closed`. */
  why(): RelayError | undefined;
  /** Calls the function after each change of the relay's state, as long as the relay lives. */
  onChange(changed: () => void): void;
}

/** The view of components that have no relay. */
export const NO_RELAY: RelayView = {
  state: "connecting",
};

/** Returns the hub of a relay; there is one for each relay. */
export const hubOf = oneFor((relay: Relay): RelayHub => {
  const frame = createFrame();
  const heard = new Set<() => void>();
  let error: RelayError | undefined;
  relay.onState((_, why) => {
    error = why;
    for (const changed of heard) changed();
  });
  const onChange = (changed: () => void): void => void heard.add(changed);
  return {
    relay,
    frame,
    view: createStore<RelayView>({
      frame,
      server: NO_RELAY,
      read(before) {
        const { state, user, limits } = relay;
        const isNew = !before.relay || before.state !== state || before.limits !== limits;
        return isNew || before.error !== error ? { relay, state, error, user, limits } : before;
      },
      attach: onChange,
    }),
    why: () => error,
    onChange,
  };
});
