import type { Redis } from "ioredis";

/** The state of the channels of a subscriber connection. */
export interface Subscriptions {
  /**
   * Resolves once Redis has confirmed the subscription of this channel: no event is lost after a later read of the log.
   * Call it after the room was joined. A failed subscription is retried.
   */
  confirmed(channel: string): Promise<void>;
  /** Calls back whenever the connection is back and all of its channels are subscribed again. */
  onResync(callback: () => void): void;
}

type Call = (...channels: Array<string | Buffer>) => Promise<unknown>;

/**
 * Watches a connection's SSUBSCRIBEs. The Socket.IO adapter, and the client library when it subscribes again after a
 * reconnect, do not handle their replies: a refused one (a cluster that is not ready, a lost connection) would be an
 * unhandled rejection. Here the rejection is handled and kept for `confirmed`.
 */
export function watchSubscriptions(subscriber: Redis, onRefused: (error: unknown) => void): Subscriptions {
  const answers = new Map<string, Promise<unknown>>();
  const subscribe = subscriber.ssubscribe.bind(subscriber) as Call;
  const unsubscribe = subscriber.sunsubscribe.bind(subscriber) as Call;

  const ssubscribe: Call = (...channels) => {
    const answer = subscribe(...channels);
    for (const channel of channels) answers.set(channel.toString(), answer);
    answer.catch((error: unknown) => {
      for (const channel of channels) {
        if (answers.get(channel.toString()) === answer) answers.delete(channel.toString());
      }
      onRefused(error);
    });
    return answer;
  };
  const sunsubscribe: Call = (...channels) => {
    for (const channel of channels) answers.delete(channel.toString());
    const answer = unsubscribe(...channels);
    answer.catch(() => undefined); // the connection has ended, and its subscriptions with it
    return answer;
  };
  Object.assign(subscriber, { ssubscribe, sunsubscribe });

  let wasReady = subscriber.status === "ready";
  const callbacks: Array<() => void> = [];
  subscriber.on("ready", () => {
    if (wasReady) {
      // The library has sent the subscriptions again by now; the callbacks run when all of them have settled.
      void Promise.allSettled([...answers.values()]).then(() => {
        for (const callback of callbacks) callback();
      });
    }
    wasReady = true;
  });

  return {
    async confirmed(channel) {
      await (answers.get(channel) ?? ssubscribe(channel));
    },
    onResync: (callback) => void callbacks.push(callback),
  };
}
