import { connect as connectTo, type ConnectOptions, type Relay } from "@docrelay/client";

/* The module that an edge serves as `/docrelay.js`, for pages of any origin. */

export * from "@docrelay/client";

/** As `connect` of the SDK; by default to the server that this script came from. */
export function connect(options: ConnectOptions = {}): Relay {
  return connectTo({ url: new URL(/* @vite-ignore */ ".", import.meta.url).href, ...options });
}
