import { FORGET_CHANNEL, type RedisSubscriber } from "@docrelay/channel";

/**
 * Calls `forget` with the key of each text that its last user has deleted. The message is a hint, which may be lost:
 * the extraction also checks for itself before it stores the text, and the cache of texts drops the text when an ask
 * looks it up next.
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
