import { CANCEL_CHANNEL, parseCancelled, type RedisSubscriber } from "@docrelay/channel";
import type { RunningAsks } from "./running-asks.ts";

/**
 * Subscribes to the hints that an ask was cancelled, and passes them on to `running`. The caller does not wait until
 * Redis has confirmed the subscription: each running ask is also checked once a second, which finds a cancellation
 * without a hint.
 */
export function listenForCancels(
  subscriber: RedisSubscriber,
  running: RunningAsks,
  onError: (error: unknown) => void,
): void {
  subscriber.on("message", (channel, message) => {
    const address = channel === CANCEL_CHANNEL ? parseCancelled(message) : undefined;
    if (address) running.hint(address);
  });
  subscriber.subscribe(CANCEL_CHANNEL).catch(onError);
}
