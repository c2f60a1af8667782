import { onBack, type RedisSubscriber } from "@docrelay/channel";

/** The state of a subscriber connection's channels. */
export interface Subscriptions {
  /**
   * Resolves once Redis has confirmed the subscription of this channel: no event is lost after a later read of the log.
   * Call it after the room was joined. A failed subscription is tried again.
   */
  confirmed(channel: string): Promise<void>;
  /**
   * Calls back whenever channels that were lost with a connection are subscribed again: with these channels in a
   * cluster, without an argument for all channels.
   */
  onResync(callback: (channels?: ReadonlySet<string>) => void): void;
}

type Call = (channel: string | Buffer) => Promise<unknown>;

/**
 * Watches a connection's SSUBSCRIBEs. Redis refuses some of them: a cluster is not ready, or a connection is lost. The
 * Socket.IO adapter, and the client library when it subscribes again after a reconnect, do not handle the replies, so
 * that a refusal would be an unhandled rejection. Here the rejection is handled and kept for `confirmed`.
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
    answer.catch(() => undefined); // the connection has ended, and its subscriptions with it
    return answer;
  };
  Object.assign(subscriber, { ssubscribe, sunsubscribe });

  const callbacks: Array<(channels?: ReadonlySet<string>) => void> = [];
  onBack(subscriber, (channels) => {
    // With a single server the library has sent all subscriptions again by now; the callbacks run when all have
    // settled.
    const settled = Promise.allSettled(channels ? [] : [...answers.values()]);
    void settled.then(() => {
      for (const callback of callbacks) callback(channels);
    });
  });

  return {
    async confirmed(channel) {
      await (answers.get(channel) ?? ssubscribe(channel));
    },
    onResync: (callback) => void callbacks.push(callback),
  };
}
