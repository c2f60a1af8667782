import type { Progress } from "@docrelay/protocol";
import type { ConversationAddress } from "../redis/address.ts";
import { frameAround } from "./frame.ts";
import { channelOf } from "../redis/keys.ts";
import type { Store } from "../redis/store.ts";

/**
 * Publishes the progress of an ask to the edges that have its conversation open. Progress is a hint: it is not in the
 * log and may be lost.
 */
export async function publishProgress(
  store: Store,
  conversation: ConversationAddress,
  progress: Progress,
): Promise<void> {
  const [head, tail] = frameAround(conversation, "progress");
  await store.redis.spublish(channelOf(conversation), head + JSON.stringify(progress) + tail);
}
