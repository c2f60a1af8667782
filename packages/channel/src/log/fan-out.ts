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
  /** Called when events may have been lost: the listener then reads the log from its last position. */
  resync(): void;
}

/**
 * Delivers the events of conversations to readers that are not Socket.IO sockets. The subscriber connection must not be
 * the one of the Socket.IO adapter, because a SUNSUBSCRIBE here would also end the adapter's subscription of that
 * channel. Delivered events are hints; only the log is complete.
 */
export interface FanOut {
  /**
   * Subscribes a listener, like {@link Listening}: it is subscribed once the promise resolves, and not subscribed if it
   * rejects. The returned function unsubscribes it.
   */
  listen(conversation: ConversationAddress, listener: Listener): Promise<() => void>;
  /** How many channels of Redis are subscribed now. */
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
