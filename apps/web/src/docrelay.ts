import { connect as connectTo, type ConnectOptions, type Relay } from "@docrelay/client";
import { defineChat } from "./embed/load.ts";

/*
 * The module that an edge serves as `/docrelay.js` to pages of any origin. It contains the SDK and `<docrelay-chat>`.
 */

export * from "@docrelay/client";

const home = new URL(/* @vite-ignore */ ".", import.meta.url).href;

/** The same as the SDK's `connect`, but the default server is the one that served this script. */
export function connect(options: ConnectOptions = {}): Relay {
  return connectTo({ url: home, ...options });
}

defineChat(home);
