import type { RedisSubscriber } from "../redis/client.ts";
import type { Event, Progress } from "@docrelay/protocol";
import type { ConversationAddress } from "../redis/address.ts";
import { createListening } from "../redis/listening.ts";
import { decodeFrame } from "./frame.ts";
import { channelOf } from "../redis/keys.ts";
import type { Sealing } from "../sealing/sealing.ts";

export interface Listener {
  event(event: Event): void;
  progress(progress: Progress): void;
  /** Events may have been lost: read the log from the last position on. */
  resync(): void;
}

/**
 * Delivers the events of conversations to readers that are not Socket.IO sockets. It needs another subscriber connection
 * than the adapter: its SUNSUBSCRIBE would also end the subscriptions of the adapter. What it delivers is a hint; the log
 * is the truth.
 */
export interface FanOut {
  /** As {@link Listening}: subscribed when it resolves, and not at all when it rejects. */
  listen(conversation: ConversationAddress, listener: Listener): Promise<() => void>;
  /** How many channels are subscribed now. */
  readonly channels: number;
}

export function createFanOut(subscriber: RedisSubscriber, sealing?: Sealing): FanOut {
  const listening = createListening(subscriber, (message) => decodeFrame(message, sealing));
  return {
    get channels() {
      return listening.channels;
    },
    listen: (conversation, listener) =>
      listening.listen(channelOf(conversation), {
        message(frame) {
          if (frame.name === "event") listener.event(frame.event);
          else listener.progress(frame.progress);
        },
        resync: () => listener.resync(),
      }),
  };
}
