import type { RedisSubscriber } from "../redis/client.ts";
import type { ConversationsHint } from "@docrelay/protocol";
import { userAddress } from "../redis/address.ts";
import { userChannel } from "../redis/keys.ts";
import { createListening, type Listening } from "../redis/listening.ts";
import type { Store } from "../redis/store.ts";

/** What one of a user's connections has done, for the others. `from`: that connection. It may be lost. */
export interface UserHint {
  readonly u: string;
  readonly from?: string;
  readonly conversations?: ConversationsHint;
  /** Links to the user's conversations, by the digests of their tokens: who reads through one is no longer served. */
  readonly endedLinks?: readonly string[];
}

/** The users of one shard share a channel: a channel for each user would be a subscription for each connection. */
export const hintsOfUsers = userChannel;

export async function publishUserHint(store: Store, user: string, hint: Omit<UserHint, "u">): Promise<void> {
  const { shard, u } = userAddress(user);
  await store.redis.spublish(userChannel(shard), JSON.stringify({ u, ...hint } satisfies UserHint));
}

/** Needs another subscriber connection than the Socket.IO adapter, as `createFanOut` does; both may share theirs. */
export function createUserHints(subscriber: RedisSubscriber): Listening<UserHint> {
  return createListening(subscriber, parseUserHint);
}

/** Undefined for what is no hint of this release. */
export function parseUserHint(message: string): UserHint | undefined {
  try {
    const hint = JSON.parse(message) as UserHint | null;
    if (typeof hint?.u !== "string" || !(hint.endedLinks === undefined || Array.isArray(hint.endedLinks)))
      return undefined;
    return hint;
  } catch {
    return undefined;
  }
}
