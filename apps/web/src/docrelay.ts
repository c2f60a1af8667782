import { connect as connectTo, type ConnectOptions, type Relay } from "@docrelay/client";
import { defineChat } from "./embed/load.ts";

/* The module that an edge serves as `/docrelay.js`, for pages of any origin: the SDK and `<docrelay-chat>`. */

export * from "@docrelay/client";

const home = new URL(/* @vite-ignore */ ".", import.meta.url).href;

/** As `connect` of the SDK; by default to the server that this script came from. */
export function connect(options: ConnectOptions = {}): Relay {
  return connectTo({ url: home, ...options });
}

defineChat(home);
