import { userAddress } from "../redis/address.ts";
import {
  conversationsKey,
  extractingKey,
  filesKey,
  keptKey,
  linksKey,
  liveKey,
  placesKey,
  shareKey,
  shareUntilKey,
  unfinishedKey,
  usedKey,
} from "../redis/keys.ts";
import type { Store } from "../redis/store.ts";
import type { Budget } from "../usage/usage.ts";
import { endLinks } from "./links.ts";
import { ownUploads, unlistFiles } from "../uploads/forget-uploads.ts";

/** Returns the ids of all conversations in a user's index; some of them may have expired. */
export async function conversationIds(store: Store, user: string): Promise<string[]> {
  return store.redis.zrange(conversationsKey(userAddress(user)), "0", "-1");
}

/**
 * Removes the indexes and counters of a user. Call it after the user's conversations and uploads are removed.
 * Idempotent. Returns false if a conversation or an upload was added meanwhile, which must be removed first.
 * `isBounded`: the user has a quota, so today's usage stays counted until midnight UTC. Otherwise users could reset
 * their quota by having themselves forgotten.
 */
export async function forgetUser(store: Store, user: string, isBounded = false): Promise<boolean> {
  const of = userAddress(user);
  const ids = await store.redis.zrange(filesKey(of), "0", "-1");
  const left = await store.redis.exists(conversationsKey(of), liveKey(of));
  if (left > 0 || (await ownUploads(store, user)).length > 0) return false;
  // Only the ids that were read are removed, so an upload that comes meanwhile stays listed for the next removal.
  await unlistFiles(store, user, ids);
  await endLinks(store, user);
  // The count of open connections may be removed, too: each edge writes its number again when the user's next
  // connection opens or closes.
  const counters = [shareKey(of), shareUntilKey(of), unfinishedKey(of), extractingKey(of), placesKey(of)];
  const budgets = (["log", "files"] satisfies Budget[]).map((budget) => keptKey({ ...of, budget }));
  const today = isBounded ? [] : [usedKey(of)];
  await store.redis.unlink(linksKey(of), ...counters, ...budgets, ...today);
  return true;
}
