import type { RedisSubscriber } from "../redis/client.ts";
import type { WireError } from "@docrelay/protocol";
import { createListening, type Listening } from "../redis/listening.ts";
import { textChannel, uploadChannel } from "../redis/keys.ts";
import type { Store } from "../redis/store.ts";
import { keyOf } from "./upload.ts";

/** That an extraction has begun, how far it is, or that something has changed: read it again. It may be lost. Pages count from 1. */
export type Hint =
  | { readonly kind: "page"; readonly page: number; readonly pages: number }
  | { readonly kind: "begun" }
  /** `error`: why an upload was refused and dropped. `from`: the connection that has read the state already. */
  | { readonly kind: "look"; readonly error?: WireError; readonly from?: string };

/** Hints about a text go to all connections that wait for it; hints about an upload to its user only. */
export const hintsOfText = textChannel;
export const hintsOfUpload = (user: string, upload: string): string => uploadChannel(keyOf(user, upload));

export async function publishHint(store: Store, channel: string, hint: Hint): Promise<void> {
  await store.redis.spublish(channel, JSON.stringify(hint));
}

/** Needs another subscriber connection than the Socket.IO adapter, as `createFanOut` does; both may share theirs. */
export function createHints(subscriber: RedisSubscriber): Listening<Hint> {
  return createListening(subscriber, parseHint);
}

/** Undefined for what is no hint of this release. */
export function parseHint(message: string): Hint | undefined {
  try {
    const hint = JSON.parse(message) as Hint | null;
    return hint && ["page", "begun", "look"].includes(hint.kind) ? hint : undefined;
  } catch {
    return undefined;
  }
}
