import { onBack, type RedisSubscriber } from "@docrelay/channel";

/** Which channels of a subscriber connection Redis has confirmed. */
export interface Subscriptions {
  /**
   * Resolves once Redis has confirmed the subscription of this channel. A log that is read after that misses no event,
   * because later events come through the channel. Must be called after the room was joined. A subscription that failed
   * is sent again.
   */
  confirmed(channel: string): Promise<void>;
  /**
   * Calls `callback` when the connection to a single Redis (not a cluster) is back, before any event arrives through
   * it. Readers must then verify the next events: Redis may have come back with an older log. Once a new event fits behind a
   * reader's copy of the log, nothing shows the reader any more that Redis has lost events of that copy.
   */
  onBack(callback: () => void): void;
  /**
   * Calls `callback` whenever channels that were lost with a connection are subscribed again. In a cluster `channels`
   * has these channels. A single Redis loses all channels at once, and `channels` is undefined.
   */
  onResync(callback: (channels?: ReadonlySet<string>) => void): void;
}

type Call = (channel: string | Buffer) => Promise<unknown>;

/**
 * Watches the SSUBSCRIBE commands of a connection. Redis may refuse such a command, because a cluster is not ready or
 * the connection is lost. Neither the Socket.IO adapter nor ioredis, which subscribes again after a reconnect, handles
 * a refusal, so it would be an unhandled rejection. This function handles refusals, and the next `confirmed` subscribes
 * a refused channel again.
 */
export function watchSubscriptions(subscriber: RedisSubscriber, onRefused: (error: unknown) => void): Subscriptions {
  const answers = new Map<string, Promise<unknown>>();
  const subscribe: Call = subscriber.ssubscribe.bind(subscriber);
  const unsubscribe: Call = subscriber.sunsubscribe.bind(subscriber);

  const ssubscribe: Call = (channel) => {
    const answer = subscribe(channel);
    answers.set(channel.toString(), answer);
    answer.catch((error: unknown) => {
      if (answers.get(channel.toString()) === answer) answers.delete(channel.toString());
      onRefused(error);
    });
    return answer;
  };
  const sunsubscribe: Call = (channel) => {
    answers.delete(channel.toString());
    const answer = unsubscribe(channel);
    answer.catch(() => undefined); // this fails only when the connection has ended, which ends all its subscriptions
    return answer;
  };
  Object.assign(subscriber, { ssubscribe, sunsubscribe });

  const callbacks: Array<(channels?: ReadonlySet<string>) => void> = [];
  const backCallbacks: Array<() => void> = [];
  onBack(subscriber, (channels) => {
    if (!channels) for (const callback of backCallbacks) callback();
    // In a cluster, `channels` are subscribed again by now. With a single Redis, ioredis has only sent all SSUBSCRIBEs
    // again: `callbacks` are called when Redis has replied to all of them.
    const settled = Promise.allSettled(channels ? [] : [...answers.values()]);
    void settled.then(() => {
      for (const callback of callbacks) callback(channels);
    });
  });

  return {
    async confirmed(channel) {
      await (answers.get(channel) ?? ssubscribe(channel));
    },
    onBack: (callback) => void backCallbacks.push(callback),
    onResync: (callback) => void callbacks.push(callback),
  };
}
