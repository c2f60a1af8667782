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
  /** Events may have been lost: the listener reads the log from its last position. */
  resync(): void;
}

/**
 * Delivers the events of conversations to readers that are not Socket.IO sockets. Its subscriber connection must not be
 * the adapter's, because a SUNSUBSCRIBE would also end the adapter's subscriptions. Delivered events are hints; the log
 * decides.
 */
export interface FanOut {
  /** As {@link Listening}: subscribed once it resolves; not subscribed if it rejects. */
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
