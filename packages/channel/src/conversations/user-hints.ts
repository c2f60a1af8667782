import type { RedisSubscriber } from "../redis/client.ts";
import type { ConversationsHint } from "@docrelay/protocol";
import { userAddress } from "../redis/address.ts";
import { userChannel } from "../redis/keys.ts";
import { createListening, type Listening } from "../redis/listening.ts";
import type { Store } from "../redis/store.ts";

/**
 * Tells a user's other connections what one connection of the user has done. `from`: the connection that did it; this
 * connection ignores the hint. The hint may be lost.
 */
export interface UserHint {
  readonly u: string;
  readonly from?: string;
  readonly conversations?: ConversationsHint;
  /**
   * Digests of the tokens of ended links to the user's conversations. Readers that came through such a link are
   * disconnected.
   */
  readonly endedLinks?: readonly string[];
}

/**
 * The channel of a user's hints, which all users of the shard share: with a channel for each user, each connection
 * would cost a subscription.
 */
export const hintsOfUsers = userChannel;

export async function publishUserHint(store: Store, user: string, hint: Omit<UserHint, "u">): Promise<void> {
  const { shard, u } = userAddress(user);
  await store.redis.spublish(userChannel(shard), JSON.stringify({ u, ...hint } satisfies UserHint));
}

/**
 * Delivers hints for users. The subscriber connection must not be that of the Socket.IO adapter; it may be that of
 * `createFanOut`.
 */
export function createUserHints(subscriber: RedisSubscriber): Listening<UserHint> {
  return createListening(subscriber, parseUserHint);
}

/** Parses a hint. Returns undefined for any message that is not a hint of this release. */
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
