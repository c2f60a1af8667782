import { CANCEL_CHANNEL, parseCancelled, type RedisSubscriber } from "@docrelay/channel";
import type { RunningAsks } from "./running-asks.ts";

/**
 * Receives the hints that an ask was cancelled, and passes on those for running asks. Nothing waits for the
 * subscription: without it, the check of each running ask once a second finds the cancellation.
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
