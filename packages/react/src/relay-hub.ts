import type { Limits, Relay, RelayError, RelayState } from "@docrelay/client";
import { createFrame, type Frame } from "./frame.ts";
import { oneFor } from "./one-for.ts";
import { createStore, type Store } from "./store.ts";

/** A connection as components show it. */
export interface RelayView {
  /** The connection; undefined if the provider has none, for example on a server. */
  readonly relay?: Relay | undefined;
  readonly state: RelayState;
  /** Why `state` is `offline` or `closed`, if that is known. */
  readonly error?: RelayError | undefined;
  /** The id of the user, as the server sent it. Undefined until the first connection, like the server's `limits`. */
  readonly user?: string | undefined;
  readonly limits?: Limits | undefined;
}

/** What all components share of one relay. A hub exists as long as its relay, and never closes the relay. */
export interface RelayHub {
  readonly relay: Relay;
  readonly frame: Frame;
  readonly view: Store<RelayView>;
  /** Returns why the relay is `offline` or `closed`; undefined if it is neither, or if the reason is not known. */
  why(): RelayError | undefined;
  /** Calls the function after each change of the relay's state. There is no way to remove the function. */
  onChange(changed: () => void): void;
}

/** What components show if there is no relay. */
export const NO_RELAY: RelayView = {
  state: "connecting",
};

/** Returns the hub of a relay: what all components share of the relay. Each relay has one hub. */
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
