import type { Event, Progress } from "@docrelay/protocol";
import type { Redis } from "ioredis";
import type { ConversationAddress } from "../redis/address.ts";
import { decodeFrame } from "./frame.ts";
import { channelOf } from "../redis/keys.ts";

export interface Listener {
  event(event: Event): void;
  progress(progress: Progress): void;
  /** Something may have been missed: read the log from the last position on. */
  resync(): void;
}

/**
 * Hears conversations for readers that are not Socket.IO sockets. It needs a subscriber connection of its own: on the
 * adapter's, its SUNSUBSCRIBE would deafen the adapter. What it delivers is a hint; the log is the truth.
 */
export interface FanOut {
  /**
   * Begins to listen; resolves once Redis has confirmed the subscription, so that a log read afterwards misses nothing.
   * Rejects when Redis does not answer; then nothing is listened to. The returned function ends it, and may be called
   * twice.
   */
  listen(conversation: ConversationAddress, listener: Listener): Promise<() => void>;
  /** How many channels are subscribed now. */
  readonly channels: number;
}

export function createFanOut(subscriber: Redis): FanOut {
  const listeners = new Map<string, Set<Listener>>();
  let wasReady = subscriber.status === "ready";

  subscriber.on("smessage", (channel: string, message: string) => {
    const hearing = listeners.get(channel);
    if (!hearing) return;
    const frame = decodeFrame(message);
    for (const listener of frame ? hearing : []) {
      if (frame?.name === "event") listener.event(frame.event);
      else if (frame?.name === "progress") listener.progress(frame.progress);
    }
  });
  subscriber.on("ready", () => {
    if (wasReady) for (const hearing of listeners.values()) for (const listener of hearing) listener.resync();
    wasReady = true;
  });

  function drop(channel: string, listener: Listener): void {
    const hearing = listeners.get(channel);
    if (!hearing?.delete(listener) || hearing.size > 0) return;
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
      const hearing = listeners.get(channel) ?? new Set();
      listeners.set(channel, hearing.add(listener));
      try {
        // Also for a channel that others hear already: its subscription may still be on the way. On one connection
        // commands stay in order, so this answer comes after it, and after any SUNSUBSCRIBE before.
        await subscriber.ssubscribe(channel);
      } catch (error) {
        drop(channel, listener);
        throw error;
      }
      return () => drop(channel, listener);
    },
  };
}
