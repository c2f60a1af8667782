import { CANCEL_CHANNEL, parseCancelled } from "@docrelay/channel";
import type { Redis } from "ioredis";
import type { RunningAsks } from "./running-asks.ts";

/**
 * Receives the hints that an ask was cancelled and passes on those of running asks. Nothing waits for the subscription:
 * while there is none, the once-a-second renewal of each running ask finds the cancel.
 */
export function listenForCancels(subscriber: Redis, running: RunningAsks, onError: (error: unknown) => void): void {
  subscriber.on("message", (_channel, message) => {
    const address = parseCancelled(message);
    if (address) running.hint(address);
  });
  subscriber.subscribe(CANCEL_CHANNEL).catch(onError);
}
