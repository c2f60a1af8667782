import { openPlainTalker } from "./talker-plain.ts";
import { openSocketioTalker } from "./talker-socketio.ts";
import type { Protocol, Talker, TalkerOptions } from "./talker.ts";

/**
 * Connects one user and waits until the connection is open.
 * @throws Error when the edge refuses the connection or does not answer within `timeoutMs`; its message says which of
 * the two.
 */
export function openTalker(protocol: Protocol, options: TalkerOptions): Promise<Talker> {
  return protocol === "plain" ? openPlainTalker(options) : openSocketioTalker(options);
}
