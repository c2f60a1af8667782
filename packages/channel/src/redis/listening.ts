import { onBack, type RedisSubscriber } from "./client.ts";

export interface ChannelListener<M> {
  message(message: M): void;
  /** Called when messages may have been lost: the listener then reads again what the messages are about. */
  resync(): void;
}

/** Listeners of sharded Pub/Sub channels. All listeners of a channel share one subscription. */
export interface Listening<M> {
  /**
   * Subscribes a listener. Resolves once Redis has confirmed the subscription, so a read after that misses nothing.
   * Rejects when Redis does not reply; the listener is then not subscribed. The returned function unsubscribes the
   * listener, and may be called twice.
   */
  listen(channel: string, listener: ChannelListener<M>): Promise<() => void>;
  /** How many channels of Redis are subscribed now. */
  readonly channels: number;
}

/**
 * Delivers the messages of channels. Each message is parsed once for all listeners of its channel, and dropped if
 * `parse` returns undefined. Several Listenings may share a subscriber connection if each uses other channels.
 */
export function createListening<M>(
  subscriber: RedisSubscriber,
  parse: (message: string) => M | undefined,
): Listening<M> {
  const listeners = new Map<string, Set<ChannelListener<M>>>();
  subscriber.on("smessage", (channel: string, message: string) => {
    const current = listeners.get(channel);
    const parsed = current && parse(message);
    if (parsed === undefined) return;
    for (const listener of current ?? []) listener.message(parsed);
  });
  onBack(subscriber, (channels) => {
    for (const [channel, current] of listeners)
      if (channels?.has(channel) !== false) for (const listener of current) listener.resync();
  });

  function drop(channel: string, listener: ChannelListener<M>): void {
    const current = listeners.get(channel);
    if (!current?.delete(listener) || current.size > 0) return;
    listeners.delete(channel);
    // An error means that the connection is gone, and its subscriptions with it. A late message finds no listener.
    subscriber.sunsubscribe(channel).catch(() => undefined);
  }

  return {
    get channels() {
      return listeners.size;
    },
    async listen(channel, listener) {
      const current = listeners.get(channel) ?? new Set();
      listeners.set(channel, current.add(listener));
      try {
        // SSUBSCRIBE is sent even if the channel has listeners, because the earlier subscription may not be confirmed
        // yet. A connection keeps commands in order, so this reply comes after the replies to the earlier SSUBSCRIBE
        // and any SUNSUBSCRIBE.
        await subscriber.ssubscribe(channel);
      } catch (error) {
        drop(channel, listener);
        throw error;
      }
      return () => drop(channel, listener);
    },
  };
}
