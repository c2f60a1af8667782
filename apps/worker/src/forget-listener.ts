import { FORGET_CHANNEL, type RedisSubscriber } from "@docrelay/channel";

/**
 * Receives the keys of texts that no user wants any more. The message is a hint: if it is lost, the extraction's own
 * check drops the text, or a cache notices when it looks the key up.
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
