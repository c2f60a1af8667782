"use client";

import type { Relay } from "@docrelay/client";
import { createContext, createElement, useContext, type ReactElement, type ReactNode } from "react";

const RelayContext = createContext<Relay | undefined | null>(null);

export interface RelayProviderProps {
  /**
   * The connection, which the application makes with `connect()`, outside of components. This package never closes it.
   * Undefined if there is none, for example on a server: hooks then return their initial values.
   */
  readonly relay: Relay | undefined;
  readonly children?: ReactNode;
}

/** Provides a relay to the hooks of all components inside it. */
export function RelayProvider({ relay, children }: RelayProviderProps): ReactElement {
  return createElement(RelayContext.Provider, { value: relay }, children);
}

/** Returns the relay of the nearest provider; undefined if the provider has none. @throws Error without a provider */
export function useProvided(): Relay | undefined {
  const relay = useContext(RelayContext);
  if (relay === null) throw new Error("no <RelayProvider> above");
  return relay;
}
