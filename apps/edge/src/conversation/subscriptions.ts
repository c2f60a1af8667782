import type { Redis } from "ioredis";

/** What is known about the channels of a subscriber connection. */
export interface Subscriptions {
  /**
   * Resolves once Redis has confirmed that this channel is subscribed: a log that is read afterwards misses nothing.
   * Call it after the room was joined. A subscription that failed is tried again.
   */
  confirmed(channel: string): Promise<void>;
  /** Calls back whenever the connection is back and all of its channels are subscribed again. */
  onResync(callback: () => void): void;
}

type Call = (...channels: Array<string | Buffer>) => Promise<unknown>;

/**
 * Watches a connection's SSUBSCRIBEs. The Socket.IO adapter, and the client library when it subscribes again after a
 * reconnect, send them without looking at the answer: one that is refused (a cluster that is not ready, a lost
 * connection) would be an unhandled rejection, which ends the process. Here it is only remembered.
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
    answer.catch(() => undefined); // the connection is gone, and the subscription with it
    return answer;
  };
  Object.assign(subscriber, { ssubscribe, sunsubscribe });

  let wasReady = subscriber.status === "ready";
  const callbacks: Array<() => void> = [];
  subscriber.on("ready", () => {
    if (wasReady) {
      // Subscribing again has been sent by now; readers are told when it holds.
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
