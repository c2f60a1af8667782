import type { ListedConversation } from "@docrelay/protocol";
import { conversationAddress, userAddress } from "../redis/address.ts";
import { conversationsKey, metaKey } from "../redis/keys.ts";
import { redisTime, sealingOf, type Store } from "../redis/store.ts";
import { placeOfNames, placeOfTitle } from "../sealing/places.ts";

/** How many conversations of one user are read at most. These are the newest ones in the user's index. */
export const MAX_LISTED = 1000;

/**
 * Returns a page of a user's conversations; the conversation with the newest question comes first. `before` tells where
 * the page begins. A time: the page has conversations whose newest question is older. An id: the page has conversations
 * that come after the one with this id. Expired conversations are left out.
 */
export async function listConversations(
  store: Store,
  user: string,
  { before, limit }: { before?: number | string | undefined; limit: number },
): Promise<{ conversations: ListedConversation[]; more: boolean }> {
  const all = (await keptConversations(store, user)).toSorted(inOrder);
  const cursor = typeof before === "string" ? all.find(({ id }) => id === before) : undefined;
  const isAfter = (one: ListedConversation): boolean => {
    if (typeof before === "number") return one.at < before;
    return before === undefined || (cursor !== undefined && inOrder(cursor, one) < 0);
  };
  const left = all.filter(isAfter);
  return { conversations: left.slice(0, limit), more: left.length > limit };
}

/** Returns all kept conversations of a user in any order; at most {@link MAX_LISTED}. */
export async function keptConversations(store: Store, user: string): Promise<ListedConversation[]> {
  const [now, ids] = await Promise.all([
    redisTime(store.redis),
    store.redis.zrevrange(conversationsKey(userAddress(user)), 0, MAX_LISTED - 1),
  ]);
  if (ids.length === 0) return [];
  const kept = await Promise.all(
    ids.map((id) => {
      const key = metaKey(conversationAddress(user, id));
      return Promise.all([store.redis.hmget(key, "title", "at", "asks", "names"), store.redis.pttl(key)]);
    }),
  );
  const sealing = sealingOf(store);
  return ids.flatMap((id, index) => {
    const [[title, at, asks, names] = [], leftMs = -1] = kept[index] ?? [];
    if (!at) return []; // the conversation has expired, or another process is deleting it
    const place = conversationAddress(user, id);
    // This is a Set, because a name that was encrypted with two keys is stored as two texts.
    const files = new Set((names?.split("\n") ?? []).map((name) => sealing.unsealText(placeOfNames(place), name)));
    const expiresAt = now + (leftMs >= 0 ? leftMs : store.retentionMs);
    const plainTitle = sealing.unsealText(placeOfTitle(place), title ?? "");
    return [{ id, title: plainTitle, at: Number(at), asks: Number(asks), files: [...files], expiresAt }];
  });
}

function inOrder(a: ListedConversation, b: ListedConversation): number {
  return b.at - a.at || (a.id < b.id ? -1 : Number(a.id > b.id));
}
