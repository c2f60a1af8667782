import type { RedisSubscriber } from "../redis/client.ts";
import type { WireError } from "@docrelay/protocol";
import { createListening, type Listening } from "../redis/listening.ts";
import { textChannel, uploadChannel } from "../redis/keys.ts";
import type { Store } from "../redis/store.ts";
import { keyOf } from "./upload.ts";

/**
 * A hint about an extraction or upload: pages were read, the extraction has begun, or something has changed and the
 * receiver should read the state again (`look`). A hint may be lost. Page numbers begin at 1.
 */
export type Hint =
  | { readonly kind: "page"; readonly page: number; readonly pages: number }
  | { readonly kind: "begun" }
  /**
   * `error`: why an upload was refused and dropped. `from`: the connection that made the change and so ignores the
   * hint.
   */
  | { readonly kind: "look"; readonly error?: WireError; readonly from?: string };

/**
 * Returns the channel of hints about a text, for all connections that wait for the text. `hintsOfUpload` returns the
 * channel of hints about one upload, for the user of that upload only.
 */
export const hintsOfText = textChannel;
export const hintsOfUpload = (user: string, upload: string): string => uploadChannel(keyOf(user, upload));

export async function publishHint(store: Store, channel: string, hint: Hint): Promise<void> {
  await store.redis.spublish(channel, JSON.stringify(hint));
}

/**
 * Delivers hints about extractions and uploads. The subscriber connection must not be that of the Socket.IO adapter; it
 * may be that of `createFanOut`.
 */
export function createHints(subscriber: RedisSubscriber): Listening<Hint> {
  return createListening(subscriber, parseHint);
}

/** Parses a hint; undefined for any message that is not a hint of this release. */
export function parseHint(message: string): Hint | undefined {
  try {
    const hint = JSON.parse(message) as Hint | null;
    return hint && ["page", "begun", "look"].includes(hint.kind) ? hint : undefined;
  } catch {
    return undefined;
  }
}
