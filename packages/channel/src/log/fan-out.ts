import type { Event, Progress } from "@docrelay/protocol";
import type { Redis } from "ioredis";
import type { ConversationAddress } from "../redis/address.ts";
import { decodeFrame } from "./frame.ts";
import { channelOf } from "../redis/keys.ts";

export interface Listener {
  event(event: Event): void;
  progress(progress: Progress): void;
  /** Events may have been lost: read the log from the last position on. */
  resync(): void;
}

/**
 * Delivers the events of conversations to readers that are not Socket.IO sockets. It needs a subscriber connection of its
 * own: its SUNSUBSCRIBE would also end the subscriptions of the adapter. What it delivers is a hint; the log is the truth.
 */
export interface FanOut {
  /**
   * Subscribes; resolves once Redis has confirmed that, so that a log read afterwards misses nothing. Rejects when Redis
   * does not reply; then nothing is subscribed. The returned function unsubscribes, and may be called twice.
   */
  listen(conversation: ConversationAddress, listener: Listener): Promise<() => void>;
  /** How many channels are subscribed now. */
  readonly channels: number;
}

export function createFanOut(subscriber: Redis): FanOut {
  const listeners = new Map<string, Set<Listener>>();
  let wasReady = subscriber.status === "ready";

  subscriber.on("smessage", (channel: string, message: string) => {
    const current = listeners.get(channel);
    if (!current) return;
    const frame = decodeFrame(message);
    for (const listener of frame ? current : []) {
      if (frame?.name === "event") listener.event(frame.event);
      else if (frame?.name === "progress") listener.progress(frame.progress);
    }
  });
  subscriber.on("ready", () => {
    if (wasReady) for (const current of listeners.values()) for (const listener of current) listener.resync();
    wasReady = true;
  });

  function drop(channel: string, listener: Listener): void {
    const current = listeners.get(channel);
    if (!current?.delete(listener) || current.size > 0) return;
    listeners.delete(channel);
    // Should this fail, the connection is gone, and the subscription with it; a stray message finds no listener.
    subscriber.sunsubscribe(channel).catch(() => undefined);
  }

  return {
    get channels() {
      return listeners.size;
    },
    async listen(conversation, listener) {
      const channel = channelOf(conversation);
      const current = listeners.get(channel) ?? new Set();
      listeners.set(channel, current.add(listener));
      try {
        // Also for a channel that has listeners already: its subscription may not be confirmed yet. One connection keeps
        // commands in order, so this reply comes after that of the earlier subscription, and of any SUNSUBSCRIBE.
        await subscriber.ssubscribe(channel);
      } catch (error) {
        drop(channel, listener);
        throw error;
      }
      return () => drop(channel, listener);
    },
  };
}
