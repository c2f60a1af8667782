import { FORGET_CHANNEL, type RedisSubscriber } from "@docrelay/channel";

/**
 * Calls `forget` with the key of each text that its last user has deleted. The message is a hint: if it is lost, the
 * extraction itself checks before it stores the text, and a cache notices when it next looks the key up.
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
