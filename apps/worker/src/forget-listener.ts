import { FORGET_CHANNEL, type RedisSubscriber } from "@docrelay/channel";

/**
 * Receives the keys of texts that nobody wants any more. A hint: a text whose hint was lost is dropped by the extraction's
 * own look, or leaves a cache when its key is looked for.
 */
export function listenForForgotten(
  subscriber: RedisSubscriber,
  forget: (text: string) => void,
  onError: (error: unknown) => void,
): void {
  subscriber.on("message", (channel, message) => {
    if (channel === FORGET_CHANNEL) forget(message);
  });
  subscriber.subscribe(FORGET_CHANNEL).catch(onError);
}
