import { CANCEL_CHANNEL, parseCancelled } from "@docrelay/channel";
import type { Redis } from "ioredis";
import type { RunningAsks } from "./running-asks.ts";

/**
 * Hears at once that a running ask was cancelled. Subscribing needs no waiting for: until it holds, and whenever it does
 * not, each running ask's record is looked at once a second anyway.
 */
export function listenForCancels(subscriber: Redis, running: RunningAsks, onError: (error: unknown) => void): void {
  subscriber.on("message", (_channel, message) => {
    const at = parseCancelled(message);
    if (at) running.hint(at);
  });
  subscriber.subscribe(CANCEL_CHANNEL).catch(onError);
}
